using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>A kind of network: how it is made, and what samples it takes. A new network is one such class.</summary>
public abstract class NetworkDefinition
{
    /// <summary>Those that configurations know by name.</summary>
    public static IReadOnlyDictionary<NetworkName, NetworkDefinition> All { get; } =
        new Dictionary<NetworkName, NetworkDefinition>
        {
            [NetworkName.Dilated2d] = new DilatedNetwork2DDefinition(),
            [NetworkName.Unet3d] = new UNet3DDefinition(),
            [NetworkName.Unet2d] = new UNet2DDefinition(),
            [NetworkName.TwoStream2d] = new TwoStreamUNet2DDefinition(),
        };

    /// <summary>
    /// Whether samples are blocks of slices, each with one class map per slice, or single slices with neighbours as channels.
    /// </summary>
    public abstract bool IsVolumetric { get; }

    /// <summary>The depth, height and width of a sample must be multiples of this.</summary>
    /// <exception cref="ArgumentException">The settings make no network.</exception>
    public abstract Size3 MultipleOf(NetworkConfig settings);

    /// <summary>The network with initial weights.</summary>
    /// <param name="store">Receives the parameters.</param>
    /// <param name="inputChannels">Channels of a sample.</param>
    /// <param name="classes">Classes with background.</param>
    /// <param name="normalization">Kind, and number of modalities.</param>
    /// <param name="description">The rest.</param>
    /// <exception cref="ArgumentException">A setting makes no network.</exception>
    public abstract ISegmentationNetwork Build(
        ParameterStore store,
        int inputChannels,
        int classes,
        NormalizationSettings normalization,
        NetworkDescription description
    );

    /// <summary>The one that a configuration names.</summary>
    public static NetworkDefinition Of(NetworkConfig settings) =>
        All.TryGetValue(settings.Name, out NetworkDefinition? definition)
            ? definition
            : throw new ArgumentOutOfRangeException(nameof(settings), settings.Name, "no such network");
}
