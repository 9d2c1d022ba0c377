using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Runs;

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
    ) =>
        ConfigBuilder.Build([
            .. path is null ? [] : ConfigFile.Read(path),
            .. (sets ?? []).Select(ConfigSetting.Parse),
            .. flags ?? [],
        ]);

    /// <summary>The configuration that a run or an experiment has written down, which may be older than some keys.</summary>
    /// <param name="path">The file.</param>
    /// <param name="changes">Settings that are to be others.</param>
    /// <exception cref="InvalidDataException">The file has an unknown key or a bad value; the message names file, line and
    /// key.</exception>
    /// <exception cref="UsageException">The same of a change.</exception>
    public static TrainingConfig LoadRecorded(string path, params IReadOnlyList<ConfigSetting> changes)
    {
        IReadOnlyList<ConfigSetting> recorded = ConfigFile.Read(path);
        HashSet<string> known = [.. recorded.Select(setting => setting.Path)];
        ConfigSetting[] earlier =
        [
            .. ConfigBuilder
                .Build(recorded)
                .Keys.All.Where(key => key.Earlier is not null && !known.Contains(key.Name))
                .Select(key => new ConfigSetting(key.Name, key.Earlier!, path)),
        ];
        return ConfigBuilder.Build([.. earlier, .. recorded, .. changes]);
    }
}
