using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary><see cref="TwoStreamUNet2D"/> by a configuration.</summary>
internal sealed class TwoStreamUNet2DDefinition : NetworkDefinition
{
    public override bool IsVolumetric => false;

    public override Size3 MultipleOf(NetworkConfig settings) => Size3.Planar(1 << settings.Halvings);

    public override ISegmentationNetwork Build(
        ParameterStore store,
        int inputChannels,
        int classes,
        NormalizationSettings normalization,
        NetworkDescription description
    )
    {
        if (inputChannels != 1)
            throw new ArgumentException(
                $"this network translates images of one channel, not {inputChannels}: set data.slices to 1"
            );
        NetworkConfig settings = description.Settings;
        return new TwoStreamUNet2D(
            store,
            classes,
            settings.Channels,
            settings.Halvings,
            settings.DropoutKeep,
            normalization,
            settings.TargetPlane
        );
    }
}
