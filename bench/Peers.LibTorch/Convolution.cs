using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>A convolution whose result has the size of its input.</summary>
/// <param name="Weight">(outputs, inputs, taps...).</param>
/// <param name="Bias">Only the 3D logits have one.</param>
/// <param name="Dilation">Along every axis.</param>
/// <param name="IsMirrored">Borders are mirrored; otherwise zero.</param>
internal sealed record Convolution(Parameter Weight, Parameter? Bias = null, int Dilation = 1, bool IsMirrored = false)
    : IConvolution
{
    private readonly long[] padding = [.. Weight.shape.Skip(2).Select(taps => taps / 2 * Dilation)];
    private readonly long[] dilation = [.. Weight.shape.Skip(2).Select(_ => (long)Dilation)];

    public Tensor Forward(Tensor x) =>
        (IsMirrored, padding.Length) switch
        {
            (true, _) => conv2d(MirrorPadding.Apply(x, (int)padding[0]), Weight, Bias),
            (_, 2) => conv2d(x, Weight, Bias, padding: padding, dilation: dilation),
            _ => conv3d(x, Weight, Bias, padding: padding, dilation: dilation),
        };
}
