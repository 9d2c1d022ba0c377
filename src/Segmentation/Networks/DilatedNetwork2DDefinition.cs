using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary><see cref="DilatedNetwork2D"/> by a configuration.</summary>
internal sealed class DilatedNetwork2DDefinition : NetworkDefinition
{
    public override bool IsVolumetric => false;

    public override Size3 MultipleOf(NetworkConfig settings) => Size3.Planar(DilatedNetwork2D.ShuffleFactor);

    public override ISegmentationNetwork Build(
        ParameterStore store,
        int inputChannels,
        int classes,
        NormalizationSettings normalization,
        NetworkDescription description
    ) =>
        new DilatedNetwork2D(
            store,
            inputChannels,
            classes,
            description.Settings.Channels,
            normalization,
            description.Settings.DropoutKeep,
            description.TransposedShuffle
        );
}
