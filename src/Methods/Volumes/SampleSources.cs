using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>What a configuration draws from prepared cases, and how it varies it.</summary>
public static class SampleSources
{
    /// <summary>Slices for the 2D network, blocks of slices for the 3D one.</summary>
    public static IVolumeSamples Create(
        TrainingConfig config,
        IReadOnlyList<PreparedCase> cases,
        IReadOnlyList<Modality> modalities,
        SampleShape shape
    )
    {
        var foreground = (float)config.Data.ForegroundFraction;
        return NetworkDefinition.Of(config.Network).IsVolumetric
            ? new BlockSource(cases, modalities, shape, AugmentationOf(config.Augmentation), foreground)
            : new SliceSource(cases, modalities, shape.Slices, foreground);
    }

    /// <summary>The samples, varied as, and where, the configuration has it.</summary>
    public static ISampleSource Vary(IVolumeSamples samples, TrainingConfig config)
    {
        var augmentation = new Augmentation(AugmentationOf(config.Augmentation));
        return config.Augmentation.IsOnDevice
            ? new SamplesToVary(samples, augmentation)
            : new VariedSamples(samples, augmentation);
    }

    public static AugmentationSettings AugmentationOf(AugmentationConfig config) =>
        !config.Enabled
            ? AugmentationSettings.None
            : new AugmentationSettings
            {
                RotationDegrees = (float)config.RotationDegrees,
                TiltDegrees = (float)config.TiltDegrees,
                Scaling = (float)config.Scale,
                Shift = (float)config.Shift,
                FlipProbability = (float)config.Flip,
                RowFlipProbability = (float)config.FlipRows,
                SliceFlipProbability = (float)config.FlipSlices,
                ElasticPixels = (float)config.Elastic,
                Gain = (float)config.Gain,
                Offset = (float)config.Offset,
                Gamma = (float)config.Gamma,
                Noise = (float)config.Noise,
            };
}
