using BenchmarkDotNet.Attributes;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Micro;

/// <summary>What moves memory: pooling, dropout, pixel shuffle and Adam.</summary>
public class ElementwiseBenchmarks : Workbench
{
    private static readonly Shape Images = new(2, 1, 256, 256, 16);

    private PoolingProblem pooling = null!;
    private Tensor x = null!,
        y = null!,
        pooled = null!,
        choice = null!,
        shuffled = null!,
        g = null!,
        m = null!,
        v = null!;

    [Benchmark]
    public void MaxPool() => Backend.MaxPoolForward(pooling, x, pooled, choice);

    [Benchmark]
    public void MaxPoolGradient() => Backend.MaxPoolBackward(pooling, pooled, choice, y);

    [Benchmark]
    public void Dropout() => Backend.Dropout(x, new DropoutMask(0.75, 1, 1), y);

    [Benchmark]
    public void PixelShuffle() => Backend.PixelShuffle(x, 4, false, shuffled);

    [Benchmark]
    public void Adam() => Backend.Adam([new AdamUpdate(new AdamSettings(1e-9, 0.9, 0.999, 1e-8, 0), x, g, m, v)]);

    /// <summary>
    /// Pooling: its input and, a quarter of it, output and byte of choice. Adam: weights, gradients and two moments read, all but
    /// the gradients written.
    /// </summary>
    public override double Bytes(string benchmark) =>
        Images.Count
        * benchmark switch
        {
            nameof(MaxPool) or nameof(MaxPoolGradient) => sizeof(float) + ((sizeof(float) + 1) / 4.0),
            nameof(Adam) => 7 * sizeof(float),
            _ => 2 * sizeof(float),
        };

    protected override void Allocate()
    {
        pooling = new PoolingProblem(Images, Size3.Planar(2), Size3.Planar(2)).Validate();
        (x, y, g, m, v) = (MadeUp(Images), MadeUp(Images), MadeUp(Images), MadeUp(Images), MadeUp(Images));
        (pooled, shuffled) = (MadeUp(pooling.OutputShape), MadeUp(new Shape(2, 1, 1024, 1024, 1)));
        choice = Tensor.Allocate(x.Device, pooling.OutputShape, DType.UInt8);
        Backend.Unary(UnaryFunction.Absolute, v, v);
        Backend.MaxPoolForward(pooling, x, pooled, choice);
    }
}
