using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>Makes the blocks of one network: holds what they share and numbers their dropout sites.</summary>
internal sealed class BlockFactory(ParameterStore store, NormalizationSettings normalization, double keep)
{
    // Of the published code: every kernel of the 2D network starts as a truncated normal of deviation 0.01.
    private static readonly Initializer KernelInitializer = Initializer.TruncatedNormal(0.01);

    private int sites;

    public Conv Conv(
        string name,
        int inputChannels,
        int outputChannels,
        int size = 3,
        int dilation = 1,
        PaddingMode padding = PaddingMode.Zero,
        bool storesActivation = false
    ) =>
        new(
            store,
            name,
            inputChannels,
            outputChannels,
            Size3.Planar(size),
            KernelInitializer,
            dilation: Size3.Planar(dilation),
            padding: padding,
            storesActivation: storesActivation
        );

    public ModalityNorm Norm(string name, int channels) => new(store, name, channels, normalization);

    /// <summary>Normalization, activation, 3x3 convolution and a dropout site.</summary>
    public PreActivationConv PreActivation(
        string name,
        int inputChannels,
        int outputChannels,
        int dilation = 1,
        bool storesActivation = true
    ) =>
        new(
            Norm($"{name}.norm", inputChannels),
            Conv(name, inputChannels, outputChannels, dilation: dilation, storesActivation: storesActivation),
            keep,
            sites++
        );

    public ResidualBlock Residual(string name, int inputChannels, int outputChannels, int dilation = 1) =>
        new(
            PreActivation($"{name}.conv1", inputChannels, outputChannels, dilation),
            PreActivation($"{name}.conv2", outputChannels, outputChannels, dilation)
        );
}
