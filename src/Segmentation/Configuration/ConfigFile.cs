using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace UnpairedSegEngine.Segmentation.Configuration;

/// <summary>
/// Configuration files: YAML with groups and scalars only. Read event by event, because building a tree of a hostile
/// file may exhaust the stack.
/// </summary>
public static class ConfigFile
{
    private const long LargestFile = 1 << 20;
    private const int DeepestGroup = 8;

    /// <summary>Configurations that come with the program and are read by their names.</summary>
    public static IReadOnlyList<string> Presets { get; } = [.. typeof(ConfigFile).Assembly.GetManifestResourceNames().Order(StringComparer.Ordinal)];

    /// <summary>The settings of a file, or of a preset where there is no such file, in its order.</summary>
    /// <exception cref="InvalidDataException">The file is missing, no YAML or holds more than groups and scalars; the message names file and line.</exception>
    public static IReadOnlyList<ConfigSetting> Read(string path)
    {
        if (!File.Exists(path))
            return ReadPreset(path) ?? throw new InvalidDataException($"'{path}': no such configuration file or preset; presets are {string.Join(", ", Presets)}");
        if (new FileInfo(path).Length > LargestFile)
            throw new InvalidDataException($"'{path}': longer than {LargestFile} bytes; is this a configuration file?");
        try
        {
            using StreamReader reader = File.OpenText(path);
            return Read(new Parser(reader), path);
        }
        catch (YamlException e)
        {
            throw new InvalidDataException($"{path}:{e.End.Line}: no valid YAML: {e.Message}", e);
        }
    }

    private static IReadOnlyList<ConfigSetting>? ReadPreset(string name)
    {
        if (!Presets.Contains(name))
            return null;
        using var reader = new StreamReader(typeof(ConfigFile).Assembly.GetManifestResourceStream(name)!);
        return Read(new Parser(reader), name);
    }

    /// <summary>Writes every key of a configuration, so that reading the file gives the same one.</summary>
    public static void Write(TextWriter writer, TrainingConfig config)
    {
        var emitter = new Emitter(writer);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        emitter.Emit(new MappingStart());
        string[] open = [];
        foreach (ConfigKey key in ConfigKeys.All)
        {
            var map = key.IsMap ? (IReadOnlyDictionary<string, string>)key.ValueIn(config) : null;
            if (map is { Count: 0 })
                continue;
            string[] parts = key.Name.Split('.');
            string[] groups = map is null ? parts[..^1] : parts;
            Enter(emitter, open, groups);
            open = groups;
            foreach ((string name, string value) in map ?? new Dictionary<string, string> { [parts[^1]] = key.TextIn(config) })
            {
                emitter.Emit(new Scalar(name));
                emitter.Emit(new Scalar(value));
            }
        }

        Enter(emitter, open, []);
        emitter.Emit(new MappingEnd());
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
    }

    private static void Enter(Emitter emitter, string[] open, string[] groups)
    {
        int shared = open.Zip(groups).TakeWhile(pair => pair.First == pair.Second).Count();
        for (int i = shared; i < open.Length; i++)
            emitter.Emit(new MappingEnd());
        foreach (string group in groups.AsSpan(shared))
        {
            emitter.Emit(new Scalar(group));
            emitter.Emit(new MappingStart());
        }
    }

    private static List<ConfigSetting> Read(Parser parser, string path)
    {
        var settings = new List<ConfigSetting>();
        var seen = new HashSet<string>();
        var groups = new Stack<string>();
        string? key = null;
        bool started = false;
        while (parser.MoveNext())
        {
            string where = string.Create(CultureInfo.InvariantCulture, $"{path}:{parser.Current!.Start.Line}");
            switch (parser.Current)
            {
                case StreamStart or StreamEnd or DocumentStart or DocumentEnd:
                    break;
                case MappingStart when !started:
                    started = true;
                    break;
                case MappingStart when key is not null && groups.Count < DeepestGroup:
                    groups.Push(key);
                    key = null;
                    break;
                case MappingEnd:
                    groups.TryPop(out _);
                    break;
                case Scalar name when started && key is null:
                    key = groups.TryPeek(out string? group) ? $"{group}.{name.Value}" : name.Value;
                    if (!seen.Add(key))
                        throw new InvalidDataException($"{where}: {key} is given twice");
                    break;
                case Scalar { Value: "" } when key is not null && ConfigKeys.IsGroup(key):
                    key = null;
                    break;
                case Scalar value when started:
                    settings.Add(new ConfigSetting(key!, value.Value, where, IsFromFile: true));
                    key = null;
                    break;
                case Scalar { Value: "" }:
                    break;
                default:
                    throw new InvalidDataException($"{where}: {key ?? "the file"} holds a {parser.Current.GetType().Name}, expected groups of 'key: value' lines");
            }
        }

        return settings;
    }
}
