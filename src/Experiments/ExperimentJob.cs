using System.Globalization;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Experiments;

/// <summary>One run of an experiment.</summary>
/// <param name="Variant">How it trains.</param>
/// <param name="Seed">Of weights, samples, augmentation and dropout.</param>
/// <param name="Fold">Of the splits.</param>
public sealed record ExperimentJob(MethodVariant Variant, long Seed, int Fold)
{
    internal const string SeedKey = "training.seed";

    /// <summary>The learning rate that it tries; null of a run that is judged (see <c>--search-rate</c>).</summary>
    public double? Rate { get; init; }

    /// <summary>Name of its run folder: "y-shape-seed0-fold1", "y-shape-rate0.003-seed8-fold0".</summary>
    public string Name =>
        NameOf(Rate is { } rate ? string.Create(CultureInfo.InvariantCulture, $"{Variant.Name}-rate{rate}") : Variant.Name);

    /// <summary>Names of the jobs that must be finished before, of the same seed and fold.</summary>
    public IReadOnlyList<string> Needs => [.. Variant.Needs.Select(needed => NameOf(needed.Name))];

    /// <summary>What it trains.</summary>
    /// <param name="common">What all jobs have in common.</param>
    /// <param name="runOf">The run folder of a job, by its name.</param>
    /// <param name="rate">The learning rate; as the variant and <paramref name="common"/> have it if null.</param>
    public TrainingConfig ConfigOf(TrainingConfig common, Func<string, string> runOf, double? rate = null) =>
        ConfigBuilder.Change(
            common,
            [
                .. Variant.Settings.Select(ConfigSetting.Parse),
                new ConfigSetting(SeedKey, Seed.ToString(CultureInfo.InvariantCulture), "experiment"),
                .. rate is { } searched
                    ?
                    [
                        new ConfigSetting(
                            "optimizer.learning_rate",
                            searched.ToString(CultureInfo.InvariantCulture),
                            "--search-rate"
                        ),
                    ]
                    : Array.Empty<ConfigSetting>(),
                .. Variant.Needs.Select(needed => new ConfigSetting(needed.Key, runOf(NameOf(needed.Name)), "experiment")),
            ]
        );

    private string NameOf(string variant) => $"{variant}-seed{Seed}-fold{Fold}";
}
