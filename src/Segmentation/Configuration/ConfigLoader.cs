using System.Globalization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Configuration;

/// <summary>Makes a configuration from defaults, a file, settings and flags, each overruling the one before.</summary>
public static class ConfigLoader
{
    /// <summary>The resolved, checked configuration.</summary>
    /// <param name="path">A YAML file, or null.</param>
    /// <param name="sets">Texts of the form <c>key.path=value</c>.</param>
    /// <param name="flags">What other command-line options say.</param>
    /// <exception cref="InvalidDataException">The file has an unknown key or a bad value; the message names file, line and
    /// key.</exception>
    /// <exception cref="UsageException">The same of a setting or flag.</exception>
    public static TrainingConfig Load(
        string? path = null,
        IEnumerable<string>? sets = null,
        IEnumerable<ConfigSetting>? flags = null
    )
    {
        List<ConfigSetting> settings =
        [
            .. path is null ? [] : ConfigFile.Read(path),
            .. (sets ?? []).Select(ConfigSetting.Parse),
            .. flags ?? [],
        ];
        var config = new TrainingConfig();
        Apply(config, settings);

        // A preset replaces defaults only, so what was set comes on top of it again.
        config = TrainingPresets.For(config.Network.Name, config.Compat);
        Apply(config, settings);

        CheckRules(config, settings);
        return config;
    }

    private static void Apply(TrainingConfig config, List<ConfigSetting> settings)
    {
        foreach (ConfigSetting setting in settings)
        {
            if (ConfigKeys.Resolve(setting.Path) is not var (key, entry))
                throw setting.Refuse($"unknown key '{setting.Path}'; the nearest is '{ConfigKeys.Nearest(setting.Path)}'");
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

    /// <summary>What limits of single numbers cannot say, of a configuration that was changed by code.</summary>
    /// <exception cref="UsageException">A rule is broken.</exception>
    internal static void CheckRules(TrainingConfig config) => CheckRules(config, []);

    private static void CheckRules(TrainingConfig config, List<ConfigSetting> settings)
    {
        Require(config.Network.Channels % 2 == 0, "network.channels", $"is {config.Network.Channels}, expected an even number");
        Require(config.Data.Slices % 2 == 1, "data.slices", $"is {config.Data.Slices}, expected an odd number");
        CheckNetwork(config, Require);
        foreach ((string modality, string text) in config.Data.Normalization)
        {
            try
            {
                IntensityNormalization.Parse(text);
            }
            catch (ArgumentException e)
            {
                Require(false, $"data.normalization.{modality}", e.Message);
            }
        }

        foreach ((string modality, string text) in config.Data.Limit)
            Require(
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int cases) && cases > 0,
                $"data.limit.{modality}",
                $"is '{text}', expected a whole number from 1"
            );
        Require(
            config.Scheme != SchemeName.Individual || config.Network.Norm.Sharing != NormSharing.Shared,
            "network.norm.sharing",
            "is shared, but the networks of scheme individual share nothing"
        );

        void Require(bool holds, string path, string problem)
        {
            if (!holds)
                throw CulpritOf(path, settings).Refuse($"{path} {problem}");
        }
    }

    /// <summary>Who set a key. A default may break a rule beside what a file sets: then it is that file.</summary>
    private static ConfigSetting CulpritOf(string path, List<ConfigSetting> settings) =>
        settings.FindLast(setting => setting.Path == path)
        ?? (
            settings.FindLast(setting => setting.IsFromFile) is { } ofFile
                ? new ConfigSetting(path, "", ofFile.Origin[..ofFile.Origin.LastIndexOf(':')], IsFromFile: true)
                : new ConfigSetting(path, "", "configuration")
        );

    /// <summary>Samples must be divisible by what the network pools.</summary>
    private static void CheckNetwork(TrainingConfig config, Action<bool, string, string> require)
    {
        Size3 multiple = Size3.Planar(8);
        if (config.Network.Name == NetworkName.Unet3d)
        {
            try
            {
                multiple = config.Network.Levels.Validate().Multiple;
            }
            catch (ArgumentException e)
            {
                require(false, "network.kernels", $"and network.pools: {e.Message}");
            }

            require(
                config.Data.Depth % multiple.Depth == 0,
                "data.depth",
                $"is {config.Data.Depth}, expected a multiple of {multiple.Depth}, the product of the network's pools"
            );
        }

        int side = Math.Max(multiple.Height, multiple.Width);
        require(
            config.Data.Size % multiple.Height == 0 && config.Data.Size % multiple.Width == 0,
            "data.size",
            $"is {config.Data.Size}, expected a multiple of {side}"
        );
    }
}
