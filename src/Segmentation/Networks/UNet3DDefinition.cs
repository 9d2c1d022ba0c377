using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary><see cref="UNet3D"/> by a configuration.</summary>
internal sealed class UNet3DDefinition : NetworkDefinition
{
    public override bool IsVolumetric => true;

    public override Size3 MultipleOf(NetworkConfig settings) => settings.Levels.Validate().Multiple;

    public override ISegmentationNetwork Build(
        ParameterStore store,
        int inputChannels,
        int classes,
        NormalizationSettings normalization,
        NetworkDescription description
    ) => new UNet3D(store, inputChannels, classes, description.Settings.Channels, normalization, description.Settings.Levels);
}
