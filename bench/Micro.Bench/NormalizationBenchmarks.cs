using BenchmarkDotNet.Attributes;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Micro;

/// <summary>Normalization with leaky ReLU, with and without dropout.</summary>
public class NormalizationBenchmarks : Workbench
{
    private NormalizationProblem problem = null!;
    private Tensor x = null!,
        y = null!,
        gy = null!,
        mean = null!,
        variance = null!,
        gamma = null!,
        beta = null!,
        ggamma = null!,
        gbeta = null!;

    [Params(16, 512)]
    public int Channels { get; set; }

    [Params(0.75, 1)]
    public double Keep { get; set; }

    private int Side => Channels == 16 ? 256 : 32;

    private Shape Images => new(2, 1, Side, Side, Channels);

    [Benchmark]
    public void Statistics() => Backend.NormalizationStatistics(problem, x, mean, variance);

    [Benchmark]
    public void Forward() => Backend.NormalizationForward(problem, x, mean, variance, gamma, beta, y);

    [Benchmark]
    public void Backward() => Backend.NormalizationBackward(problem, true, gy, x, mean, variance, gamma, beta, y, ggamma, gbeta);

    public override double Bytes(string benchmark) =>
        sizeof(float)
        * (double)Images.Count
        * benchmark switch
        {
            nameof(Statistics) => 1,
            nameof(Forward) => 2,
            _ => 3,
        };

    protected override void Allocate()
    {
        Shape shape = Images;
        DropoutMask dropout = Keep < 1 ? new DropoutMask(Keep, 1, 1) : DropoutMask.None;
        problem = new NormalizationProblem(
            shape,
            NormalizationKind.Batch,
            new ModalityIndex(2, 0, 1),
            1,
            1e-3,
            0.2,
            dropout
        ).Validate();
        (x, y, gy) = (MadeUp(shape), MadeUp(shape), MadeUp(shape));
        (mean, variance, gamma, beta) = (
            MadeUp(problem.StatisticsShape),
            MadeUp(problem.StatisticsShape),
            MadeUp(problem.AffineShape),
            MadeUp(problem.AffineShape)
        );
        (ggamma, gbeta) = (MadeUp(problem.AffineShape), MadeUp(problem.AffineShape));
        Backend.NormalizationStatistics(problem, x, mean, variance);
    }
}
