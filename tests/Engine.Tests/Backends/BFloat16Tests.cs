using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>
/// Operations on tensors stored as bfloat16, on every backend whose arithmetic is float32: what they compute from them is what
/// they compute from the same values in float32, rounded once where it is stored.
/// </summary>
[TestFixtureSource(nameof(Fixtures))]
public sealed class BFloat16Tests(BackendUnderTest underTest) : BackendTests(underTest)
{
    /// <summary>Half a unit in the last of 8 bits, relative to a number.</summary>
    private const double Rounding = 1.0 / 256;

    private static readonly Shape Features = new(4, 1, 5, 7, 24);

    private static readonly ConvolutionProblem[] Problems = [.. ConvolutionCases.Named().Where(p => p.Flops < 2e6)];

    private static readonly DType[] Types = [DType.Float32, DType.BFloat16];

    public static IEnumerable<TestFixtureData> Fixtures =>
        BackendUnderTest.AllPrecisions.Where(fixture => ((BackendUnderTest)fixture.Arguments[0]!).Type == DType.Float32);

    /// <summary>Integers of up to 8 bits go in, sums of them are exact, so that the one rounding of the result is, too.</summary>
    [TestCaseSource(nameof(Problems))]
    public void Convolutions_are_exact_but_for_the_stored_rounding(ConvolutionProblem problem)
    {
        ConvolutionOperands operands = ConvolutionOperands.Integers(problem);
        double[] y = ConvolutionReference.Forward(problem, operands.X, operands.W),
            gx = ConvolutionReference.BackwardData(problem, operands.Gy, operands.W),
            gw = ConvolutionReference.BackwardWeights(problem, operands.X, operands.Gy);
        Tensor w = Of(problem.WeightShape, operands.W),
            bias = Of(new Shape(problem.OutputChannels), [.. Enumerable.Range(1, problem.OutputChannels).Select(k => (double)k)]);
        double[] biased = [.. y.Select((v, i) => v + 1 + (i % problem.OutputChannels))];
        foreach ((DType read, DType written) in from r in Types from t in Types select (r, t))
        {
            Tensor x = Of(problem.InputShape, read, operands.X),
                gy = Of(problem.OutputShape, read, operands.Gy);
            Tensor result = Output(problem.OutputShape, written),
                gradient = Output(problem.InputShape, written);
            Backend.ConvolutionForward(problem, x, w, bias, result);
            AssertStored(result, biased, "y");
            double[] first = Read(result);
            Backend.ConvolutionForward(problem, x, w, null, result, accumulate: true);
            AssertStored(result, [.. y.Zip(first, (more, there) => there + more)], "y with y before it");
            Backend.ConvolutionBackwardData(problem, gy, w, gradient);
            AssertStored(gradient, gx, "gx");

            Tensor weights = Output(problem.WeightShape),
                other = Of(problem.OutputShape, written, operands.Gy);
            Backend.ConvolutionBackwardWeights(problem, x, other, weights);
            AssertStored(weights, gw, "gw");
        }
    }

    [TestCaseSource(nameof(Problems))]
    public void Fused_convolutions_take_statistics_before_they_round(ConvolutionProblem problem)
    {
        NormalizationProblem before = Normalization(problem.InputShape, 0.75),
            after = Normalization(problem.OutputShape, 0.75);
        InputNormalization input = Normalized(before);
        Tensor x = Stored(Normal(problem.InputShape)),
            wide = Wide(x),
            w = Normal(problem.WeightShape),
            gy = Stored(Normal(problem.OutputShape));
        Tensor expected = Output(problem.OutputShape),
            expectedMean = Zeros(after.StatisticsShape),
            expectedVariance = Zeros(after.StatisticsShape),
            expectedGw = Output(problem.WeightShape);
        Backend.FusedConvolutionForward(
            problem,
            input,
            wide,
            w,
            null,
            expected,
            new OutputStatistics(after, expectedMean, expectedVariance)
        );
        Backend.FusedConvolutionBackward(problem, input, wide, Wide(gy), w, expectedGw, null);

        Tensor y = Output(problem.OutputShape, DType.BFloat16),
            mean = Zeros(after.StatisticsShape),
            variance = Zeros(after.StatisticsShape),
            gw = Output(problem.WeightShape);
        Backend.FusedConvolutionForward(problem, input, x, w, null, y, new OutputStatistics(after, mean, variance));
        Backend.FusedConvolutionBackward(problem, input, x, gy, w, gw, null);
        AssertRounded(y, Read(expected), "y");
        AssertClose(mean, Read(expectedMean), what: "mean", magnitude: 1);
        AssertClose(variance, Read(expectedVariance), what: "variance", magnitude: 1);
        AssertClose(gw, Read(expectedGw), what: "gw");
    }

    [Test]
    public void Normalization([Values] NormalizationKind kind, [Values(0.75, 1)] double keep, [Values] bool narrowGradient)
    {
        NormalizationProblem problem = Normalization(Features, keep, kind);
        DType gradientType = narrowGradient ? DType.BFloat16 : DType.Float32;
        Tensor x = Stored(Normal(Features, 0.5, 2)),
            gamma = Normal(problem.AffineShape),
            beta = Normal(problem.AffineShape),
            gy = narrowGradient ? Stored(Normal(Features)) : Normal(Features);
        Tensor mean = Zeros(problem.StatisticsShape),
            variance = Zeros(problem.StatisticsShape);
        Backend.NormalizationStatistics(problem, x, mean, variance);
        var reference = new NormalizationReference(problem, Read(Wide(x)), Read(gamma), Read(beta), absentStatistic: 0);
        AssertClose(mean, reference.Mean, what: "mean");
        AssertClose(variance, reference.Variance, what: "variance");

        foreach (DType type in Types)
        {
            Tensor y = Output(Features, type);
            Backend.NormalizationForward(problem, x, mean, variance, gamma, beta, y);
            AssertRounded(y, reference.Forward(), "y");
        }

        Tensor gx = Output(Features, DType.BFloat16),
            ggamma = Output(problem.AffineShape),
            gbeta = Output(problem.AffineShape);
        Backend.NormalizationBackward(problem, true, gy, x, mean, variance, gamma, beta, gx, ggamma, gbeta);
        (double[] expected, double[] expectedGamma, double[] expectedBeta) = reference.Backward(Read(Wide(gy)), true);
        AssertClose(ggamma, expectedGamma, slack: 20, what: "ggamma");
        AssertClose(gbeta, expectedBeta, slack: 20, what: "gbeta");
        AssertRounded(gx, expected, "gx");
        if (gradientType != DType.BFloat16)
            return;
        double[] elsewhere = Read(gx);
        Backend.NormalizationBackward(problem, true, gy, x, mean, variance, gamma, beta, gy, null, null);
        Assert.That(Read(gy), Is.EqualTo(elsewhere), "gx in the place of gy");
    }

    [Test]
    public void Dropout_and_the_residual_sum([Values(1, 8, 129, 70_001)] int size, [Values(0.75, 1)] double keep)
    {
        var mask = new DropoutMask(keep, 5, 6);
        var shape = new Shape(1, size);
        Tensor wide = Normal(shape),
            narrow = Stored(wide);
        foreach (Tensor x in new[] { wide, narrow })
        {
            Tensor y = Output(shape, DType.BFloat16);
            Backend.Dropout(x, mask, y);
            AssertStored(y, [.. Reference.Dropout(Read(x), mask).Select(v => (double)(float)v)], "y");
        }

        Tensor sum = Output(shape);
        Backend.ResidualAdd(wide, narrow, mask, sum);
        AssertClose(sum, [.. Reference.Dropout(Read(narrow), mask).Zip(Read(wide), (a, b) => a + b)], what: "residual sum");
        Backend.Dropout(narrow, mask, narrow);
        AssertStored(narrow, [.. Reference.Dropout(Read(Stored(wide)), mask).Select(v => (double)(float)v)], "y for x");
    }

    [Test]
    public void A_narrow_shortcut_beside_a_stored_branch()
    {
        Tensor shortcut = Normal(new Shape(2, 1, 3, 5, 8)),
            branch = Stored(Normal(new Shape(2, 1, 3, 5, 16))),
            y = Output(branch.Shape);
        Backend.ResidualAdd(shortcut, branch, DropoutMask.None, y);
        double[] expected = Read(branch),
            side = Read(shortcut);
        for (int i = 0; i < side.Length; i++)
            expected[(i / 8 * 16) + 4 + (i % 8)] += side[i];
        AssertClose(y, expected);
    }

    [Test]
    public void Sums_and_copies()
    {
        var shape = new Shape(3, 5, 6);
        Tensor a = Stored(Normal(shape)),
            b = Stored(Normal(shape)),
            sum = Output(shape, DType.BFloat16);
        Backend.Binary(BinaryFunction.Add, a, b, sum);
        AssertStored(sum, [.. Read(a).Zip(Read(b), (x, y) => (double)(float)(x + y))], "sum");

        Tensor target = Stored(Normal(new Shape(3, 5, 9)));
        double[] expected = Read(target),
            source = Read(a);
        for (int i = 0; i < 15; i++)
            Array.Copy(source, (i * 6) + 1, expected, (i * 9) + 4, 3);
        Backend.CopyChannels(a, 1, target, 4, 3);
        AssertStored(target, expected, "copied channels");
    }

    /// <summary>No kernel is to be written for what nobody asks.</summary>
    [Test]
    public void Other_combinations_are_refused()
    {
        NormalizationProblem problem = Normalization(Features, 1);
        Tensor wide = Normal(Features),
            narrow = Stored(wide),
            statistics = Positive(problem.StatisticsShape),
            affine = Normal(problem.AffineShape);
        var kernel = new Shape(1, 1, 1, Features[^1], Features[^1]);
        ConvolutionProblem convolution = ConvolutionProblem.Same(Features, kernel);
        Assert.Multiple(() =>
        {
            foreach (
                Action call in (Action[])
                    [
                        () => Backend.Dropout(narrow, DropoutMask.None, wide),
                        () => Backend.NormalizationForward(problem, wide, statistics, statistics, affine, affine, narrow),
                        () => Backward(narrow, wide, wide),
                        () => Backward(wide, narrow, wide),
                        () => Backward(wide, wide, narrow),
                        () => Backend.ResidualAdd(narrow, narrow, DropoutMask.None, wide),
                        () => Backend.ResidualAdd(wide, narrow, DropoutMask.None, narrow),
                        () => Backend.Binary(BinaryFunction.Multiply, narrow, narrow, narrow),
                        () => Backend.Binary(BinaryFunction.Add, narrow, wide, wide),
                        () => Backend.CopyChannels(narrow, 0, wide, 0, 1),
                        () => Backend.ConvolutionForward(convolution, narrow, Stored(Normal(kernel)), null, narrow),
                        () => Backend.Unary(UnaryFunction.Absolute, narrow, narrow),
                    ]
            )
                Assert.That(call, Throws.ArgumentException.With.Message.Contains("convert").Or.Message.Contains("must be"));
        });

        void Backward(Tensor gy, Tensor x, Tensor gx) =>
            Backend.NormalizationBackward(problem, true, gy, x, statistics, statistics, affine, affine, gx, null, null);
    }

    private static NormalizationProblem Normalization(
        Shape shape,
        double keep,
        NormalizationKind kind = NormalizationKind.Batch
    ) =>
        new(
            shape,
            kind,
            new ModalityIndex(2, [.. Enumerable.Range(0, shape[0]).Select(sample => sample % 2)]),
            kind == NormalizationKind.Group ? 4 : 1,
            1e-3,
            0.2,
            keep < 1 ? new DropoutMask(keep, 3, 4) : DropoutMask.None
        );

    private InputNormalization Normalized(NormalizationProblem problem) =>
        new(
            problem,
            Normal(problem.StatisticsShape),
            Positive(problem.StatisticsShape),
            Normal(problem.AffineShape),
            Normal(problem.AffineShape)
        );

    private Tensor Zeros(Shape shape)
    {
        Tensor tensor = Output(shape);
        Backend.Fill(tensor, 0);
        return tensor;
    }

    private Tensor Of(Shape shape, DType type, double[] values) =>
        type == DType.Float32 ? Of(shape, values) : Stored(Of(shape, values));

    private Tensor Stored(Tensor wide) => Converted(wide, DType.BFloat16);

    private Tensor Wide(Tensor stored) => Converted(stored, DType.Float32);

    private Tensor Converted(Tensor x, DType type)
    {
        Tensor y = Output(x.Shape, type);
        Backend.Convert(x, y);
        return y;
    }

    /// <summary>Exactly what was expected, rounded if it is stored so.</summary>
    private static void AssertStored(Tensor actual, double[] expected, string what)
    {
        AssertIntactGuard(actual);
        double[] values = Read(actual);
        for (int i = 0; i < expected.Length; i++)
        {
            double stored =
                actual.DType == DType.BFloat16 ? BFloat16Bits.ToSingle(BFloat16Bits.FromDouble(expected[i])) : expected[i];
            if (values[i] != stored)
                Assert.Fail($"{what}[{i}] is {values[i]}, not {stored}");
        }
    }

    /// <summary>What was expected, but for one rounding where it is stored so, and float32's errors before it.</summary>
    private void AssertRounded(Tensor actual, double[] expected, string what)
    {
        AssertIntactGuard(actual);
        double[] values = Read(actual);
        double rounding = actual.DType == DType.BFloat16 ? Rounding : 0,
            before = 20 * Tolerance * Math.Max(1, expected.Max(Math.Abs));
        for (int i = 0; i < expected.Length; i++)
        {
            if (!(Math.Abs(values[i] - expected[i]) <= (rounding * Math.Abs(expected[i])) + before))
                Assert.Fail($"{what}[{i}] is {values[i]}, not {expected[i]}");
        }
    }
}
