using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Schemes;

namespace UnpairedSegEngine.Segmentation.Experiments;

/// <summary>One run of an experiment.</summary>
/// <param name="Scheme">What the modalities share.</param>
/// <param name="Seed">Of weights, samples, augmentation and dropout.</param>
/// <param name="Fold">Of the splits.</param>
public sealed record ExperimentJob(SchemeName Scheme, long Seed, int Fold)
{
    /// <summary>Name of its run folder: "y-shape-seed0-fold1".</summary>
    public string Name => $"{Schemes.Scheme.TextOf(Scheme)}-seed{Seed}-fold{Fold}";

    /// <summary>What it trains.</summary>
    public TrainingConfig ConfigOf(TrainingConfig common) =>
        common with
        {
            Scheme = Scheme,
            Training = common.Training with { Seed = Seed },
        };
}
