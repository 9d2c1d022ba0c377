using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Sharing;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>A network and what its modalities share: all that its weights depend on but their values.</summary>
/// <param name="Settings">Which network, and its sizes.</param>
/// <param name="Sharing">What the modalities share.</param>
/// <param name="TransposedShuffle">Pixel-shuffle order of the published code for batches above one (dilated2d).</param>
public sealed record NetworkDescription(NetworkConfig Settings, SharingName Sharing, bool TransposedShuffle = false)
{
    /// <summary>How the network is made; the one that the settings name if not given.</summary>
    public NetworkDefinition Definition { get; init; } = NetworkDefinition.Of(Settings);

    /// <summary>The network with initial weights.</summary>
    /// <param name="device">Where its parameters lie.</param>
    /// <param name="seed">Of the weights.</param>
    /// <param name="inputChannels">Channels of a sample.</param>
    /// <param name="modalities">Modalities that it tells apart.</param>
    /// <param name="classes">Classes with background.</param>
    /// <exception cref="ArgumentException">A setting makes no network.</exception>
    public ISegmentationNetwork Build(Device device, ulong seed, int inputChannels, int modalities, int classes)
    {
        NormConfig norm = Settings.Norm;
        var normalization = new NormalizationSettings(
            norm.Kind,
            modalities,
            norm.Decay,
            norm.Epsilon,
            Settings.LeakySlope,
            norm.Groups
        );
        SharingRule sharing = SharingRule.All[Sharing];
        bool? sharesNorms = norm.Sharing == NormSharing.Scheme ? null : norm.Sharing == NormSharing.Shared;
        var store = new ParameterStore(device, DType.Float32, seed, sharing.Of(modalities, sharesNorms));
        return sharing.ConditionsReadout ? new ConditionedReadout(Inside(ConditionedReadout.Width), modalities, classes)
            : sharing.SeparatesModalities ? new SeparateStreams(Inside(classes))
            : Inside(classes);

        ISegmentationNetwork Inside(int outputs) => Definition.Build(store, inputChannels, outputs, normalization, this);
    }
}
