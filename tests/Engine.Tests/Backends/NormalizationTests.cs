using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class NormalizationTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    private static readonly Shape[] Shapes =
    [
        new(4, 1, 1, 1, 3),
        new(4, 1, 2, 3, 5),
        new(4, 1, 5, 7, 16),
        new(4, 1, 3, 3, 33),
        new(4, 3, 17, 33, 2),
        new(4, 1, 41, 43, 17),
        new(4, 1, 24, 23, 64),
    ];

    [Test]
    public void ForwardAndBackward(
        [Values] NormalizationKind kind,
        [ValueSource(nameof(Shapes))] Shape shape,
        [Values(0.75, 1)] double keep,
        [Values] bool throughStatistics
    )
    {
        NormalizationProblem problem = Problem(shape, kind, keep);
        Tensor x = Normal(shape, 0.5, 2),
            gy = Normal(shape),
            gamma = Normal(problem.AffineShape),
            beta = Normal(problem.AffineShape);
        Tensor mean = Output(problem.StatisticsShape),
            variance = Output(problem.StatisticsShape),
            y = Output(shape);
        Tensor gx = Output(shape),
            ggamma = Output(problem.AffineShape),
            gbeta = Output(problem.AffineShape);
        // Modality 2 of 3 has no sample: its row of statistics must be left alone.
        Backend.Fill(mean, 7);
        Backend.Fill(variance, 7);
        Backend.NormalizationStatistics(problem, x, mean, variance);
        Backend.NormalizationForward(problem, x, mean, variance, gamma, beta, y);
        Backend.NormalizationBackward(problem, throughStatistics, gy, x, mean, variance, gamma, beta, gx, ggamma, gbeta);

        var reference = new NormalizationReference(problem, Read(x), Read(gamma), Read(beta), absentStatistic: 7);
        AssertClose(mean, reference.Mean, what: "mean");
        AssertClose(variance, reference.Variance, what: "variance");
        AssertClose(y, reference.Forward(), slack: 4, what: "y");
        (double[] rgx, double[] rgamma, double[] rbeta) = reference.Backward(Read(gy), throughStatistics);
        AssertClose(ggamma, rgamma, slack: 20, what: "ggamma");
        AssertClose(gbeta, rbeta, slack: 20, what: "gbeta");
        AssertClose(gx, rgx, slack: 20, what: "gx", magnitude: 1);
    }

    [Test]
    public void OnlyTheWantedGradients()
    {
        NormalizationProblem problem = Problem(new Shape(4, 1, 5, 7, 16), NormalizationKind.Batch, 1);
        Tensor x = Normal(problem.InputShape),
            gy = Normal(problem.InputShape),
            gamma = Normal(problem.AffineShape),
            beta = Normal(problem.AffineShape);
        Tensor mean = Normal(problem.StatisticsShape),
            variance = Positive(problem.StatisticsShape);
        Tensor all = Output(x.Shape),
            alone = Output(x.Shape),
            ggamma = Output(problem.AffineShape),
            gammaAlone = Output(problem.AffineShape);
        Backend.NormalizationBackward(problem, true, gy, x, mean, variance, gamma, beta, all, ggamma, null);
        Backend.NormalizationBackward(problem, true, gy, x, mean, variance, gamma, beta, alone, null, null);
        Backend.NormalizationBackward(problem, true, gy, x, mean, variance, gamma, beta, null, gammaAlone, null);
        Assert.That(Read(alone), Is.EqualTo(Read(all)));
        Assert.That(Read(gammaAlone), Is.EqualTo(Read(ggamma)));
    }

    [Test]
    public void TheGradientMayReplaceTheOneItComesFrom([Values(0.75, 1)] double keep)
    {
        NormalizationProblem problem = Problem(new Shape(4, 1, 41, 43, 17), NormalizationKind.Batch, keep);
        Tensor x = Normal(problem.InputShape),
            gy = Normal(problem.InputShape),
            gamma = Normal(problem.AffineShape),
            beta = Normal(problem.AffineShape);
        Tensor mean = Normal(problem.StatisticsShape),
            variance = Positive(problem.StatisticsShape),
            gx = Output(x.Shape);
        Backend.NormalizationBackward(problem, true, gy, x, mean, variance, gamma, beta, gx, null, null);
        Backend.NormalizationBackward(problem, true, gy, x, mean, variance, gamma, beta, gy, null, null);
        Assert.That(Read(gy), Is.EqualTo(Read(gx)));
    }

    [Test]
    public void StatisticsKeepTheirDigitsUnderALargeMean([Values] NormalizationKind kind)
    {
        double mean = Type == DType.Float32 ? 1e4 : 1e8;
        NormalizationProblem problem = Problem(new Shape(4, 1, 64, 65, 4), kind, 1);
        Tensor x = Normal(problem.InputShape, mean),
            means = Output(problem.StatisticsShape),
            variances = Output(problem.StatisticsShape);
        Backend.Fill(means, 7);
        Backend.Fill(variances, 7);
        Backend.NormalizationStatistics(problem, x, means, variances);
        var reference = new NormalizationReference(problem, Read(x), [], [], absentStatistic: 7);
        AssertClose(means, reference.Mean);
        AssertClose(variances, reference.Variance, slack: Type == DType.Float32 ? 1 : 1e3);
    }

    [Test]
    public void RunningStatisticsOfTheModalitiesPresent()
    {
        NormalizationProblem problem = Problem(new Shape(4, 1, 2, 2, 5), NormalizationKind.Batch, 1);
        Tensor mean = Normal(problem.StatisticsShape),
            variance = Positive(problem.StatisticsShape);
        Tensor runningMean = Normal(problem.StatisticsShape),
            runningVariance = Positive(problem.StatisticsShape);
        double[][] before = [Read(runningMean), Read(runningVariance)],
            batch = [Read(mean), Read(variance)];
        Backend.UpdateRunningStatistics(problem, 0.9, mean, variance, runningMean, runningVariance);
        double[][] expected =
        [
            .. before.Zip(batch, (r, b) => r.Select((v, i) => i / 5 == 2 ? v : (0.9 * v) + (0.1 * b[i])).ToArray()),
        ];
        Assert.That(Read(runningMean), Is.EqualTo(expected[0]).Within(1e-6));
        Assert.That(Read(runningVariance), Is.EqualTo(expected[1]).Within(1e-6));
    }

    /// <summary>More than a launch takes, and some of them of statistics that an earlier one has updated.</summary>
    [Test]
    public void RunningStatisticsOfManyNormalizations()
    {
        NormalizationProblem[] problems =
        [
            .. new[] { 5, 300, 1 }.Select(channels => Problem(new Shape(4, 1, 2, 2, channels), NormalizationKind.Batch, 1)),
        ];
        RunningUpdate[] updates =
        [
            .. Enumerable
                .Range(0, 60)
                .Select(i => problems[i % 3])
                .Select(problem => new RunningUpdate(
                    problem,
                    0.9,
                    Normal(problem.StatisticsShape),
                    Positive(problem.StatisticsShape),
                    Normal(problem.StatisticsShape),
                    Positive(problem.StatisticsShape)
                )),
        ];
        for (int i = 7; i < 60; i += 12)
            updates[i] = updates[i] with
            {
                RunningMean = updates[i - 6].RunningMean,
                RunningVariance = updates[i - 6].RunningVariance,
            };
        Dictionary<Tensor, double[]> expected = updates
            .SelectMany(update => new[] { update.RunningMean, update.RunningVariance })
            .Distinct()
            .ToDictionary(tensor => tensor, Read);
        foreach (RunningUpdate update in updates)
        {
            Expect(update.RunningMean, Read(update.Mean), update.Problem.Channels);
            Expect(update.RunningVariance, Read(update.Variance), update.Problem.Channels);
        }

        Backend.UpdateRunningStatistics(updates);
        foreach ((Tensor running, double[] values) in expected)
            Assert.That(Read(running), Is.EqualTo(values).Within(1e-6));

        void Expect(Tensor running, double[] batch, int channels) =>
            expected[running] = [
                .. expected[running]
                    .Zip(batch)
                    .Select((v, i) => i / channels == 2 ? v.First : (0.9 * v.First) + (0.1 * v.Second)),
            ];
    }

    [Test]
    public void RunningStatisticsBelongToBatchNormOnly()
    {
        NormalizationProblem problem = Problem(new Shape(4, 1, 2, 2, 5), NormalizationKind.Instance, 1);
        Tensor s = Positive(problem.StatisticsShape);
        Assert.That(() => Backend.UpdateRunningStatistics(problem, 0.9, s, s, s, s), Throws.ArgumentException);
    }

    private static NormalizationProblem Problem(Shape shape, NormalizationKind kind, double keep)
    {
        int groups = kind == NormalizationKind.Group ? Enumerable.Range(1, 4).Last(g => shape[^1] % g == 0) : 1;
        return new NormalizationProblem(
            shape,
            kind,
            new ModalityIndex(3, 0, 1, 1, 0),
            groups,
            1e-3,
            0.2,
            new DropoutMask(keep, 11, 12)
        );
    }
}
