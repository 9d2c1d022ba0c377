using System.Globalization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Methods.Configuration;

/// <summary>Makes a configuration from the defaults of its method and settings, each overruling the one before.</summary>
public static class ConfigBuilder
{
    private const string TaskKey = "method.task";

    /// <summary>The resolved, checked configuration.</summary>
    /// <exception cref="InvalidDataException">A file has an unknown key or a bad value; the message names file, line and
    /// key.</exception>
    /// <exception cref="UsageException">The same of a setting that is from no file.</exception>
    public static TrainingConfig Build(IReadOnlyList<ConfigSetting> settings)
    {
        MethodDefinition method = MethodOf(settings);
        TrainingConfig config = NewConfig(method, TaskOf(method, settings));
        Apply(config, settings);

        // The defaults depend on method, network and whose decisions count, so what was set comes on top of them once more.
        config = DefaultsOf(config) with
        {
            Method = config.Method,
        };
        Apply(config, settings);

        CheckRules(config, settings);
        return config;
    }

    /// <summary>A configuration with some settings on top of all that it says.</summary>
    /// <exception cref="UsageException">One of them is unknown or has a bad value.</exception>
    public static TrainingConfig Change(TrainingConfig config, params IEnumerable<ConfigSetting> changes) =>
        Build([
            .. config
                .Keys.All.SelectMany(key => key.EntriesIn(config))
                .Select(entry => new ConfigSetting(entry.Key, entry.Value, "configuration")),
            .. changes,
        ]);

    /// <summary>Some configuration of a method, to be changed.</summary>
    private static TrainingConfig NewConfig(MethodDefinition method, TrainingTask task) =>
        new()
        {
            Method = new MethodConfig { Name = new MethodName(method.Name), Task = task },
            Own = method.NewSettings(),
        };

    private static TrainingConfig DefaultsOf(TrainingConfig config) =>
        config.Method.Task switch
        {
            TrainingTask.Volumes => config.Definition.Defaults(NetworkOf(config), config.Compat),
            TrainingTask.Images => config.Definition.ImageDefaults(config.Compat),
            _ => throw new InvalidOperationException($"no task {config.Method.Task}"),
        };

    private static NetworkName NetworkOf(TrainingConfig config) =>
        config.Definition.Networks.Contains(config.Network.Name) ? config.Network.Name : config.Definition.Networks[0];

    /// <exception cref="InvalidDataException">A file asks for a task that the method does not have.</exception>
    /// <exception cref="UsageException">The same of a setting that is from no file.</exception>
    private static TrainingTask TaskOf(MethodDefinition method, IReadOnlyList<ConfigSetting> settings)
    {
        if (settings.LastOrDefault(setting => setting.Path == TaskKey) is not { } asked)
            return method.Tasks[0];
        return Enum.TryParse(asked.Value, ignoreCase: true, out TrainingTask task) && method.Tasks.Contains(task)
            ? task
            : throw asked.Refuse(
                $"{TaskKey} is '{asked.Value}', but the method {method.Name} takes "
                    + string.Join(" or ", method.Tasks.Select(known => known.ToString().ToLowerInvariant()))
            );
    }

    private static MethodDefinition MethodOf(IReadOnlyList<ConfigSetting> settings) =>
        settings.LastOrDefault(setting => setting.Path == "method.name") is { } named
        && MethodName.TryParse(named.Value, null, out MethodName name)
            ? name.Definition
            : new MethodConfig().Name.Definition;

    private static void Apply(TrainingConfig config, IReadOnlyList<ConfigSetting> settings)
    {
        foreach (ConfigSetting setting in settings)
        {
            if (config.Keys.Resolve(setting.Path) is not var (key, entry))
                throw setting.Refuse(Unknown(setting.Path, config));
            if (entry is not null)
            {
                // The configuration is new and its maps are its own: a copy for each entry would take the square of their number.
                ((IDictionary<string, string>)key.ValueIn(config))[entry] = setting.Value;
            }
            else if (key.TryParse(setting.Value, out object value))
            {
                key.SetIn(config, value);
            }
            else
            {
                throw setting.Refuse($"{key.Name} is '{setting.Value}', expected {key.Allowed}");
            }
        }
    }

    private static string Unknown(string path, TrainingConfig config) =>
        MethodDefinition
            .All.Values.OrderBy(method => method != config.Definition)
            .FirstOrDefault(method => method.Tasks.Any(task => method.KeysFor(task).Resolve(path) is not null))
            is { } owner
            ? owner == config.Definition
                ? $"'{path}' is for another task, but {TaskKey} is {config.Method.Task.ToString().ToLowerInvariant()}"
                : $"'{path}' belongs to the method {owner.Name}, but method.name is {config.Method.Name}"
            : $"unknown key '{path}'; the nearest is '{config.Keys.Nearest(path)}'";

    /// <summary>What limits of single numbers cannot say.</summary>
    private static void CheckRules(TrainingConfig config, IReadOnlyList<ConfigSetting> settings)
    {
        switch (config.Method.Task)
        {
            case TrainingTask.Volumes:
                CheckVolumes(config, Require);
                break;
            case TrainingTask.Images:
                if (ClassifierDefinition.Of(config.Classifier).Problem(config.Classifier) is { } problem)
                    Require(false, $"classifier.{problem[..problem.IndexOf(' ')]}", problem[(problem.IndexOf(' ') + 1)..]);
                break;
            default:
                throw new InvalidOperationException($"no task {config.Method.Task}");
        }

        Require(
            config.Training.Patience == 0 || config.Training.ValidateEvery > 0,
            "training.patience",
            $"is {config.Training.Patience}, but nothing is validated: training.validate_every is 0"
        );
        config.Definition.CheckRules(config, Require);

        void Require(bool holds, string path, string problem)
        {
            if (!holds)
                throw CulpritOf(path, settings).Refuse($"{path} {problem}");
        }
    }

    private static void CheckVolumes(TrainingConfig config, Action<bool, string, string> require)
    {
        require(
            config.Definition.Networks.Contains(config.Network.Name),
            "network.name",
            $"is {SnakeCase.From(config.Network.Name.ToString())}, but {config.Method.Name} trains "
                + string.Join(" or ", config.Definition.Networks.Select(network => SnakeCase.From(network.ToString())))
        );
        require(config.Network.Channels % 2 == 0, "network.channels", $"is {config.Network.Channels}, expected an even number");
        require(config.Data.Slices % 2 == 1, "data.slices", $"is {config.Data.Slices}, expected an odd number");
        CheckNetwork(config, require);
        foreach ((string modality, string text) in config.Data.Normalization)
        {
            try
            {
                IntensityNormalization.Parse(text);
            }
            catch (ArgumentException e)
            {
                require(false, $"data.normalization.{modality}", e.Message);
            }
        }

        foreach ((string modality, string text) in config.Data.Limit)
            require(
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int cases) && cases > 0,
                $"data.limit.{modality}",
                $"is '{text}', expected a whole number from 1"
            );
    }

    /// <summary>Who set a key. A default may break a rule beside what a file sets: then it is that file.</summary>
    private static ConfigSetting CulpritOf(string path, IReadOnlyList<ConfigSetting> settings) =>
        settings.LastOrDefault(setting => setting.Path == path)
        ?? (
            settings.LastOrDefault(setting => setting.IsFromFile) is { } ofFile
                ? new ConfigSetting(path, "", ofFile.Origin[..ofFile.Origin.LastIndexOf(':')], IsFromFile: true)
                : new ConfigSetting(path, "", "configuration")
        );

    /// <summary>Samples must be divisible by what the network pools.</summary>
    private static void CheckNetwork(TrainingConfig config, Action<bool, string, string> require)
    {
        NetworkDefinition network = NetworkDefinition.Of(config.Network);
        Size3 multiple = Size3.One;
        try
        {
            multiple = network.MultipleOf(config.Network);
        }
        catch (ArgumentException e)
        {
            require(false, "network.kernels", $"and network.pools: {e.Message}");
        }

        require(
            !network.IsVolumetric || config.Data.Depth % multiple.Depth == 0,
            "data.depth",
            $"is {config.Data.Depth}, expected a multiple of {multiple.Depth}, the product of the network's pools"
        );
        int side = Math.Max(multiple.Height, multiple.Width);
        require(
            config.Data.Size % multiple.Height == 0 && config.Data.Size % multiple.Width == 0,
            "data.size",
            $"is {config.Data.Size}, expected a multiple of {side}"
        );
    }
}
