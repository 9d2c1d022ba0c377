using BenchmarkDotNet.Attributes;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Micro;

/// <summary>
/// Convolutions that halve a map, as discriminators and residual networks have them, beside one that does not. A transposed
/// convolution is the data gradient of its own.
/// </summary>
public class StridedConvolutionBenchmarks : Workbench
{
    private Tensor x = null!,
        w = null!,
        y = null!;

    [Params(32, 128)]
    public int Channels { get; set; }

    /// <summary>Side of the kernel, and stride.</summary>
    [Params("3x3", "3x3 stride 2", "4x4 stride 2", "2x2 stride 2")]
    public string Kernel { get; set; } = "3x3";

    public override double Flops => Problem.FlopsWithinImage;

    private ConvolutionProblem Problem
    {
        get
        {
            int side = Kernel[0] - '0';
            return ConvolutionProblem.Same(
                new Shape(2, 1, 64, 64, Channels),
                new Shape(1, side, side, Channels, Channels),
                stride: Kernel.EndsWith("stride 2", StringComparison.Ordinal) ? Size3.Planar(2) : Size3.One
            );
        }
    }

    [Benchmark]
    public void Forward() => Backend.ConvolutionForward(Problem, x, w, null, y);

    [Benchmark]
    public void DataGradient() => Backend.ConvolutionBackwardData(Problem, y, w, x);

    [Benchmark]
    public void WeightGradient() => Backend.ConvolutionBackwardWeights(Problem, x, y, w);

    protected override void Allocate() =>
        (x, w, y) = (MadeUp(Problem.InputShape), MadeUp(Problem.WeightShape), MadeUp(Problem.OutputShape));
}
