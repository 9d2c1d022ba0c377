using System.Globalization;
using System.Text;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Configuration;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace UnpairedSegEngine.Runs;

/// <summary>
/// Configuration files: YAML with groups and scalars only. Read event by event, because building a tree of a hostile
/// file may exhaust the stack.
/// </summary>
public static class ConfigFile
{
    private const long LargestFile = 1 << 20;
    private const int DeepestGroup = 8;
    private const int LongestText = 1000;

    /// <summary>Configurations that come with the program and are read by their names.</summary>
    public static IReadOnlyList<string> Presets { get; } =
    [.. typeof(ConfigFile).Assembly.GetManifestResourceNames().Order(StringComparer.Ordinal)];

    /// <summary>The settings of a file, or of a preset where there is no such file, in its order.</summary>
    /// <exception cref="InvalidDataException">The file is missing, no YAML or holds more than groups and scalars; the message
    /// names file and line.</exception>
    public static IReadOnlyList<ConfigSetting> Read(string path)
    {
        if (!File.Exists(path))
            return ReadPreset(path)
                ?? throw new InvalidDataException(
                    $"'{path}': no such configuration file or preset; presets are {string.Join(", ", Presets)}"
                );
        byte[] bytes = InputFile.ReadAll(path, LargestFile);
        try
        {
            using var reader = new StreamReader(
                new MemoryStream(bytes),
                new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true)
            );
            return Read(new Parser(reader), path);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException($"'{path}': no valid YAML: its text is not UTF-8", e);
        }
    }

    /// <summary>What a preset is for: the comment in its first line.</summary>
    /// <param name="preset">One of <see cref="Presets"/>.</param>
    public static string SummaryOf(string preset)
    {
        using StreamReader reader = OpenPreset(preset);
        return reader.ReadLine()!.TrimStart('#', ' ');
    }

    private static StreamReader OpenPreset(string name) => new(typeof(ConfigFile).Assembly.GetManifestResourceStream(name)!);

    private static IReadOnlyList<ConfigSetting>? ReadPreset(string name)
    {
        if (!Presets.Contains(name))
            return null;
        using StreamReader reader = OpenPreset(name);
        return Read(new Parser(reader), name);
    }

    /// <summary>Writes every key of a configuration, so that reading the file gives the same one.</summary>
    public static void Write(TextWriter writer, TrainingConfig config) => Write(writer, config, _ => "");

    /// <summary>Writes some keys of a configuration with comments, to be read and changed by a person.</summary>
    /// <param name="writer">Takes the text.</param>
    /// <param name="config">Has the values.</param>
    /// <param name="heading">Comments that stand first.</param>
    /// <param name="comments">By key, or key and entry; what has none is not written.</param>
    public static void Write(
        TextWriter writer,
        TrainingConfig config,
        IEnumerable<string> heading,
        IReadOnlyDictionary<string, string> comments
    )
    {
        foreach (string line in heading.SelectMany(Wrapped))
            writer.WriteLine($"# {line}");
        Write(writer, config, comments.GetValueOrDefault);
    }

    /// <param name="writer">Takes the text.</param>
    /// <param name="config">Has the values.</param>
    /// <param name="commentOf">The comment on an entry, empty for none; null where the entry is not to be written.</param>
    private static void Write(TextWriter writer, TrainingConfig config, Func<string, string?> commentOf)
    {
        var emitter = new Emitter(writer);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        emitter.Emit(new MappingStart());
        string[] open = [];
        foreach (ConfigKey key in config.Keys.All)
        {
            KeyValuePair<string, string>[] entries = [.. key.EntriesIn(config).Where(entry => commentOf(entry.Key) is not null)];
            if (entries.Length == 0)
                continue;
            string[] parts = key.Name.Split('.');
            string[] groups = key.IsMap ? parts : parts[..^1];
            Enter(emitter, open, groups);
            open = groups;
            foreach ((string path, string value) in entries)
            {
                foreach (string line in Wrapped(commentOf(path)!))
                    emitter.Emit(new Comment(line, isInline: false));
                emitter.Emit(new Scalar(key.IsMap ? path[(key.Name.Length + 1)..] : parts[^1]));
                emitter.Emit(new Scalar(value));
            }
        }

        Enter(emitter, open, []);
        emitter.Emit(new MappingEnd());
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
    }

    /// <summary>A comment as lines that fit a page; none of an empty one.</summary>
    private static IEnumerable<string> Wrapped(string comment)
    {
        const int Columns = 110;
        string line = "";
        foreach (string word in OneLine.Of(comment).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > Columns)
            {
                yield return line;
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        if (line.Length > 0)
            yield return line;
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
        while (Next(parser, path))
        {
            string where = string.Create(CultureInfo.InvariantCulture, $"{path}:{parser.Current!.Start.Line}");
            switch (parser.Current)
            {
                case StreamStart or StreamEnd or DocumentStart or DocumentEnd:
                    break;
                case Scalar { Value: var text } when text.Length > LongestText || !IsText(text):
                    throw new InvalidDataException(
                        $"{where}: '{OneLine.Of(text)}' is longer than {LongestText} characters or no text of one line"
                    );
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
                case Scalar { Value: "" } when key is not null && AllMethods.Keys.IsGroup(key):
                    key = null;
                    break;
                case Scalar value when started:
                    settings.Add(new ConfigSetting(key!, value.Value, where, IsFromFile: true));
                    key = null;
                    break;
                case Scalar { Value: "" }:
                    break;
                default:
                    throw new InvalidDataException(
                        $"{where}: {key ?? "the file"} holds a {parser.Current.GetType().Name}, expected groups of 'key: "
                            + "value' lines"
                    );
            }
        }

        return settings;
    }

    /// <remarks>
    /// The library throws its own exception for what it knows to be wrong, and others where it did not think of it.
    /// </remarks>
    private static bool Next(Parser parser, string path)
    {
        try
        {
            return parser.MoveNext();
        }
        catch (Exception e)
            when (e
                    is YamlException
                        or InvalidOperationException
                        or FormatException
                        or OverflowException
                        or IndexOutOfRangeException
                || (e is ArgumentException and not DecoderFallbackException)
            )
        {
            long line = e is YamlException yaml ? yaml.End.Line : parser.Current?.End.Line ?? 1;
            throw new InvalidDataException(
                string.Create(CultureInfo.InvariantCulture, $"{path}:{line}: no valid YAML: {OneLine.Of(e.Message)}"),
                e
            );
        }
    }

    private static bool IsText(string text) =>
        text.EnumerateRunes().All(rune => !Rune.IsControl(rune) && rune != Rune.ReplacementChar);
}
