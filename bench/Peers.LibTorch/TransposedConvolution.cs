using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn.functional;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>
/// A transposed 3D convolution of stride 2 with TensorFlow's SAME alignment: position i reaches 2i, 2i+1 and 2i+2, and the last
/// sample of the full result is cut.
/// An axis of one tap reaches 2i only; every other slice stays zero.
/// </summary>
/// <param name="Weight">(inputs, outputs, depth, height, width).</param>
internal sealed record TransposedConvolution(Parameter Weight) : IConvolution
{
    // An output padding appends a zero slice where a single tap leaves the result one short.
    private readonly long[] outputPadding = [.. Weight.shape.Skip(2).Select(taps => taps == 1 ? 1L : 0)];

    public Tensor Forward(Tensor x)
    {
        Tensor y = conv_transpose3d(x, Weight, strides: [2, 2, 2], output_padding: outputPadding);
        for (int axis = 2; axis < 5; axis++)
            y = y.narrow(axis, 0, 2 * x.shape[axis]);

        // A normalization of a view with gaps is slower than this copy.
        return y.clone();
    }
}
