using BenchmarkDotNet.Attributes;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Micro;

/// <summary>3x3 convolutions of small images: the register tiles and transforms, with operands in the caches.</summary>
public class ConvolutionBenchmarks : Workbench
{
    private ConvolutionProblem problem = null!;
    private Tensor x = null!,
        w = null!,
        y = null!;

    [Params(16, 64, 256)]
    public int Channels { get; set; }

    [Params(1, 2)]
    public int Dilation { get; set; }

    public override double Flops => Problem.FlopsWithinImage;

    private ConvolutionProblem Problem =>
        ConvolutionProblem.Same(
            new Shape(1, 1, 32, 32, Channels),
            new Shape(1, 3, 3, Channels, Channels),
            dilation: Size3.Planar(Dilation)
        );

    [Benchmark]
    public void Forward() => Backend.ConvolutionForward(problem, x, w, null, y);

    [Benchmark]
    public void DataGradient() => Backend.ConvolutionBackwardData(problem, y, w, x);

    [Benchmark]
    public void WeightGradient() => Backend.ConvolutionBackwardWeights(problem, x, y, w);

    protected override void Allocate()
    {
        problem = Problem;
        (x, w, y) = (MadeUp(problem.InputShape), MadeUp(problem.WeightShape), MadeUp(problem.OutputShape));
    }
}
