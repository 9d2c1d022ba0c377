using System.Collections.Concurrent;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>The three directions through the contract, exactly: on small integers no sum rounds, whatever its order.</summary>
[TestFixtureSource(typeof(BackendUnderTest), nameof(BackendUnderTest.AllPrecisions))]
public sealed class BackendConvolutionTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    private const int DrawnShapes = 60;

    /// <summary>Shared by the backends: the reference costs more than most of them.</summary>
    private static readonly ConcurrentDictionary<ConvolutionProblem, Expectation> Expected = [];

    private static readonly ConvolutionProblem[] FusedShapes = [.. ConvolutionCases.Named().Where(p => p.Flops < 2e6)];

    public static IEnumerable<ConvolutionProblem> Shapes => ConvolutionCases.Named().Concat(ConvolutionCases.Drawn(DrawnShapes));

    [TestCaseSource(nameof(Shapes))]
    public void ExactOnIntegers(ConvolutionProblem problem)
    {
        Expectation expected = Expected.GetOrAdd(problem, Expectation.Of);
        double[] bias = [.. Enumerable.Range(1, problem.OutputChannels).Select(k => (double)k)];
        Tensor x = Of(problem.InputShape, expected.Operands.X),
            w = Of(problem.WeightShape, expected.Operands.W),
            gy = Of(problem.OutputShape, expected.Operands.Gy);
        Tensor y = Output(problem.OutputShape),
            biased = Output(problem.OutputShape),
            gx = Output(problem.InputShape),
            gw = Output(problem.WeightShape);
        Backend.ConvolutionForward(problem, x, w, null, y);
        Backend.ConvolutionForward(problem, x, w, Of(new Shape(bias.Length), bias), biased);
        Backend.ConvolutionForward(problem, x, w, null, biased, accumulate: true);
        Backend.ConvolutionBackwardData(problem, gy, w, gx);
        Backend.ConvolutionBackwardWeights(problem, x, gy, gw);
        AssertExact(y, expected.Y, "y");
        AssertExact(biased, [.. expected.Y.Select((v, i) => (2 * v) + bias[i % bias.Length])], "y with bias, and y added");
        AssertExact(gx, expected.Gx, "gx");
        AssertExact(gw, expected.Gw, "gw");
    }

    /// <summary>Normalization on load and statistics of the result are what the single operations compute.</summary>
    [TestCaseSource(nameof(FusedShapes))]
    public void FusedIsTheSequenceOfItsParts(ConvolutionProblem problem)
    {
        var modality = new ModalityIndex(2, [.. Enumerable.Range(0, problem.Batch).Select(sample => sample % 2)]);
        var before = new NormalizationProblem(
            problem.InputShape,
            NormalizationKind.Batch,
            modality,
            1,
            1e-3,
            0.2,
            new DropoutMask(0.75, 3, 4)
        );
        NormalizationProblem after = before with { InputShape = problem.OutputShape, Dropout = new DropoutMask(0.75, 5, 6) };
        Tensor x = Normal(problem.InputShape),
            w = Normal(problem.WeightShape),
            bias = Normal(new Shape(problem.OutputChannels)),
            gy = Normal(problem.OutputShape);
        var input = new InputNormalization(
            before,
            Normal(before.StatisticsShape),
            Positive(before.StatisticsShape),
            Normal(before.AffineShape),
            Normal(before.AffineShape)
        );
        Tensor normalized = Output(x.Shape),
            y = Output(gy.Shape),
            mean = Zeros(after.StatisticsShape),
            variance = Zeros(after.StatisticsShape),
            gw = Output(w.Shape),
            gx = Output(x.Shape);
        Backend.NormalizationForward(before, x, input.Mean, input.Variance, input.Gamma, input.Beta, normalized);
        Backend.ConvolutionForward(problem, normalized, w, bias, y);
        Backend.ConvolutionForward(problem, normalized, w, bias, y, accumulate: true);
        Backend.NormalizationStatistics(after, y, mean, variance);
        Backend.ConvolutionBackwardWeights(problem, normalized, gy, gw);
        Backend.ConvolutionBackwardData(problem, gy, w, gx);

        Tensor fusedY = Output(gy.Shape),
            fusedMean = Zeros(after.StatisticsShape),
            fusedVariance = Zeros(after.StatisticsShape),
            fusedGw = Output(w.Shape),
            fusedGx = Output(x.Shape);
        Backend.FusedConvolutionForward(problem, input, x, w, bias, fusedY, null);
        Backend.FusedConvolutionForward(
            problem,
            input,
            x,
            w,
            bias,
            fusedY,
            new OutputStatistics(after, fusedMean, fusedVariance),
            accumulate: true
        );
        Backend.FusedConvolutionBackward(problem, input, x, gy, w, fusedGw, fusedGx);
        AssertClose(fusedY, Read(y), what: "y");
        AssertClose(fusedMean, Read(mean), what: "mean", magnitude: 1);
        AssertClose(fusedVariance, Read(variance), what: "variance", magnitude: 1);
        AssertClose(fusedGw, Read(gw), what: "gw");
        AssertClose(fusedGx, Read(gx), what: "gx");
    }

    private Tensor Zeros(Shape shape)
    {
        Tensor tensor = Output(shape);
        Backend.Fill(tensor, 0);
        return tensor;
    }

    private static void AssertExact(Tensor actual, double[] expected, string what)
    {
        AssertIntactGuard(actual);
        double[] values = Read(actual);
        for (int i = 0; i < expected.Length; i++)
        {
            if (values[i] != expected[i])
                Assert.Fail($"{what}[{i}] is {values[i]}, not {expected[i]}");
        }
    }

    private sealed record Expectation(ConvolutionOperands Operands, double[] Y, double[] Gx, double[] Gw)
    {
        public static Expectation Of(ConvolutionProblem problem)
        {
            ConvolutionOperands operands = ConvolutionOperands.Integers(problem);
            return new(
                operands,
                ConvolutionReference.Forward(problem, operands.X, operands.W),
                ConvolutionReference.BackwardData(problem, operands.Gy, operands.W),
                ConvolutionReference.BackwardWeights(problem, operands.X, operands.Gy)
            );
        }
    }
}
