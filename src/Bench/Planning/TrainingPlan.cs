using System.Globalization;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Bench.Planning;

/// <summary>Settings for a dataset, with what they follow from.</summary>
/// <param name="Fingerprint">Of the dataset.</param>
/// <param name="Settings">In the order of configuration files.</param>
/// <param name="Config">The whole configuration.</param>
/// <param name="Memory">That training takes.</param>
/// <param name="StepGflop">10^9 FLOPs of a step's convolutions.</param>
/// <param name="StepSeconds">Of a step, with the time for its samples and for validations.</param>
/// <param name="TimeOrigin">How the time is known.</param>
public sealed record TrainingPlan(
    DatasetFingerprint Fingerprint,
    IReadOnlyList<PlannedSetting> Settings,
    TrainingConfig Config,
    StepMemory Memory,
    double StepGflop,
    double StepSeconds,
    string TimeOrigin
)
{
    /// <summary>What others may overrule.</summary>
    public IReadOnlyList<ConfigSetting> ConfigSettings =>
        [.. Settings.Select(setting => new ConfigSetting(setting.Key, setting.Value, "plan"))];

    /// <summary>Memory and time in two lines.</summary>
    public IReadOnlyList<string> Costs =>
        [
            Memory.ToString(),
            string.Create(
                CultureInfo.InvariantCulture,
                $"a step takes about {StepSeconds:0.###} s ({StepGflop:0.#} GFLOP; {TimeOrigin}): {Config.Training.Steps} steps "
                    + $"in {Config.Training.Steps * StepSeconds / 3600:0.##} hours"
            ),
        ];

    /// <summary>Writes a configuration file whose comments say why.</summary>
    public void Write(TextWriter writer) =>
        ConfigFile.Write(
            writer,
            Config,
            [$"Planned by 'unpairedseg plan' for the dataset {Fingerprint.Dataset}; docs/plan.md has the rules", .. Costs],
            Settings.ToDictionary(setting => setting.Key, setting => setting.Reason, StringComparer.Ordinal)
        );
}
