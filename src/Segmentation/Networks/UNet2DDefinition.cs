using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary><see cref="UNet2D"/> by a configuration.</summary>
internal sealed class UNet2DDefinition : NetworkDefinition
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
        NetworkConfig settings = description.Settings;
        return new UNet2D(
            store,
            inputChannels,
            classes,
            settings.Channels,
            settings.Halvings,
            settings.DropoutKeep,
            normalization
        );
    }
}
