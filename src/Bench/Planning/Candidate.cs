using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Bench.Planning;

/// <summary>Settings that may become a plan.</summary>
/// <param name="Settings">With their reasons.</param>
/// <param name="CaseBytes">That prepared cases take.</param>
internal sealed record Candidate(IReadOnlyList<PlannedSetting> Settings, long CaseBytes)
{
    /// <summary>Prepared voxels have 16 bits in each channel, and 8 of a label.</summary>
    public static long BytesOfVoxel(int channels) => (2 * channels) + 1;

    /// <summary>Some small configuration, to learn how fast a machine is.</summary>
    public static TrainingConfig Probe(NetworkName network) =>
        ConfigBuilder.Build([
            .. new[]
            {
                $"network.name={SnakeCase.From(network.ToString())}",
                "network.channels=8",
                "data.size=64",
                "data.depth=16",
                "training.batch=2",
            }.Select(ConfigSetting.Parse),
        ]);

    /// <summary>The configuration.</summary>
    public TrainingConfig Build() =>
        ConfigBuilder.Build([.. Settings.Select(setting => new ConfigSetting(setting.Key, setting.Value, "plan"))]);
}
