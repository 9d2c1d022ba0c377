using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench;

/// <summary>A convolution of the 2D network.</summary>
/// <param name="Name">Group and sizes.</param>
/// <param name="Problem">Its sizes.</param>
/// <param name="Count">How often the network has it.</param>
internal sealed record NetworkLayer(string Name, ConvolutionProblem Problem, int Count);

/// <summary>The distinct convolutions of <see cref="Segmentation.Networks.DilatedNetwork2D"/>.</summary>
internal static class NetworkLayers
{
    public static IEnumerable<NetworkLayer> Of(int batch, int size, int f, int classes = 5, int slices = 3)
    {
        yield return Layer("g1 first", size, slices, f);
        yield return Layer("g1", size, f, f, count: 2);
        yield return Layer("g2 widen", size / 2, f, 2 * f);
        yield return Layer("g2", size / 2, 2 * f, 2 * f);
        yield return Layer("g3 widen", size / 4, 2 * f, 4 * f);
        yield return Layer("g3", size / 4, 4 * f, 4 * f, count: 3);
        yield return Layer("g4 widen", size / 8, 4 * f, 8 * f);
        yield return Layer("g4", size / 8, 8 * f, 8 * f, count: 3);
        yield return Layer("g5 widen", size / 8, 8 * f, 16 * f);
        yield return Layer("g5 g6", size / 8, 16 * f, 16 * f, count: 7);
        yield return Layer("g7 widen", size / 8, 16 * f, 32 * f);
        yield return Layer("g7 g9", size / 8, 32 * f, 32 * f, count: 5);
        yield return Layer("g8 dilated", size / 8, 32 * f, 32 * f, dilation: 2, count: 4);
        yield return Layer("g10", size / 8, 32 * f, 512 * classes, padding: PaddingMode.Symmetric);
        yield return Layer("out", size, 8 * classes, classes, kernel: 5, padding: PaddingMode.Symmetric);

        NetworkLayer Layer(string name, int extent, int inputs, int outputs, int kernel = 3, int dilation = 1, PaddingMode padding = PaddingMode.Zero, int count = 1)
            => new(
                $"{name} {inputs}->{outputs} {kernel}x{kernel} at {extent}",
                ConvolutionProblem.Same(
                    new Shape(batch, 1, extent, extent, inputs), new Shape(1, kernel, kernel, inputs, outputs), dilation: Size3.Planar(dilation), padding: padding),
                count);
    }
}
