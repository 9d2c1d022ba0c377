using System.Runtime.CompilerServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

internal sealed unsafe partial class TypedCpuBackend<TVector, T>
{
    public override void PixelShuffle(Tensor x, int factor, bool transposed, Tensor y) =>
        Shuffle(PointerOf(x), PointerOf(y), y.Shape, factor, transposed, inverse: false);

    public override void PixelUnshuffle(Tensor y, int factor, bool transposed, Tensor x) =>
        Shuffle(PointerOf(x), PointerOf(y), y.Shape, factor, transposed, inverse: true);

    /// <summary>Copies between the packed x and the spread y, one low-resolution row of y per unit of work.</summary>
    private void Shuffle(T* x, T* y, Shape spread, int factor, bool transposed, bool inverse)
    {
        int width = spread[3] / factor,
            channels = spread[4];
        long rowElements = (long)width * channels * factor * factor;
        long rows = spread.Count / rowElements;
        ForRanges(
            rows,
            Math.Max(StreamingGrain / rowElements, 1),
            (from, to, _) =>
            {
                for (long row = from; row < to; row++)
                    ShuffleRow(x + (row * rowElements), y + (row * rowElements), width, channels, factor, transposed, inverse);
            }
        );
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ShuffleRow(T* x, T* y, int width, int channels, int factor, bool transposed, bool inverse)
    {
        int square = factor * factor;
        (int stepP, int stepQ) = transposed ? (1, factor) : (factor, 1);
        for (int p = 0; p < factor; p++)
        {
            for (int w = 0; w < width; w++)
            {
                for (int q = 0; q < factor; q++)
                {
                    T* packed = x + ((long)w * channels * square) + (p * stepP) + (q * stepQ);
                    T* spread = y + ((((long)((p * width) + w) * factor) + q) * channels);
                    for (int c = 0; c < channels; c++)
                    {
                        if (inverse)
                            packed[(long)c * square] = spread[c];
                        else
                            spread[c] = packed[(long)c * square];
                    }
                }
            }
        }
    }
}
