using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class SegmentationLossTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    private static readonly int[] ClassCounts = [2, 3, 5, 8, 17, 32, 33];

    [Test]
    public void SumsAndGradient(
        [ValueSource(nameof(ClassCounts))] int classes,
        [Values(1, 7, 16, 1033)] int positions,
        [Values(1, 20)] double scale
    )
    {
        SegmentationLossProblem problem = Problem(classes, positions);
        // Class 1 is absent and some labels belong to no class.
        byte[] truth =
        [
            .. Enumerable.Range(0, 4 * positions).Select(i => (byte)(i * 7 % (classes + 1))).Select(c => c == 1 ? (byte)0 : c),
        ];
        Tensor z = Normal(problem.LogitsShape, deviation: scale),
            labels = Bytes(new Shape(4, positions), truth);
        Check(
            problem,
            z,
            labels,
            Doubles(
                problem.CoefficientsShape,
                [.. Enumerable.Range(0, (int)problem.CoefficientsShape.Count).Select(i => Math.Sin(i))]
            )
        );
    }

    /// <summary>
    /// Kernels ask for shared memory by the number of classes: what the first launch needs is not enough for the second.
    /// </summary>
    [Test]
    public void MoreClassesThanBefore()
    {
        foreach (int classes in new[] { 3, 32, 3 })
            SumsAndGradient(classes, 16, 1);
    }

    [TestCase(80)]
    [TestCase(1e4)]
    public void StableForExtremeLogits(double magnitude)
    {
        SegmentationLossProblem problem = Problem(5, 33) with { ProbabilityFloor = 0 };
        byte[] truth = [.. Enumerable.Range(0, 4 * 33).Select(i => (byte)(i % 5))];
        Tensor z = Normal(problem.LogitsShape);
        z = Of(z.Shape, [.. Read(z).Select(v => magnitude * Math.Sign(v))]);
        Check(
            problem,
            z,
            Bytes(new Shape(4, 33), truth),
            Doubles(problem.CoefficientsShape, [.. Enumerable.Repeat(0.5, (int)problem.CoefficientsShape.Count)])
        );
    }

    [Test]
    public void EqualLogitsAreUniform()
    {
        SegmentationLossProblem problem = Problem(4, 16);
        Tensor sums = Output(problem.SumsShape, DType.Float64);
        Backend.SegmentationLossSums(
            problem,
            Of(problem.LogitsShape, [.. Enumerable.Repeat(3.0, 4 * 16 * 4)]),
            Bytes(new Shape(4, 16), new byte[64]),
            sums
        );
        double[] values = Read(sums);
        Assert.That(values[0], Is.EqualTo(2 * 16 / 4.0).Within(1e-5), "I");
        Assert.That(values[4..8], Has.All.EqualTo(2 * 16 / 16.0).Within(1e-5), "P");
        Assert.That(values[8], Is.EqualTo(32), "N");
        Assert.That(values[12], Is.EqualTo(32 * Math.Log(4)).Within(1e-4), "E");
        Assert.That(values[(2 * 32)..], Has.All.Zero, "the third modality has no sample");
    }

    private static SegmentationLossProblem Problem(int classes, int positions) =>
        new()
        {
            LogitsShape = new Shape(4, positions, classes),
            Modality = new ModalityIndex(3, 0, 1, 1, 0),
            ProbabilityFloor = 0.005,
        };

    private void Check(SegmentationLossProblem problem, Tensor z, Tensor labels, Tensor coefficients)
    {
        Tensor sums = Output(problem.SumsShape, DType.Float64),
            gz = Output(problem.LogitsShape);
        Backend.SegmentationLossSums(problem, z, labels, sums);
        Backend.SegmentationLossGradient(problem, z, labels, coefficients, gz);

        int classes = problem.Classes,
            width = problem.SumsShape[1];
        var expected = new double[sums.Count];
        var gradient = new List<double>();
        double[] c = Read(coefficients);
        double[][] rows = [.. Read(z).Chunk(classes)];
        byte[] truth = labels.ToArray<byte>();
        for (int i = 0; i < rows.Length; i++)
        {
            int modality = problem.Modality[i / problem.Positions],
                label = truth[i];
            AddSums(problem, rows[i], label, expected.AsSpan(modality * width, width));
            gradient.AddRange(
                Gradient(problem, rows[i], label, c.AsSpan(modality * problem.CoefficientsShape[1], problem.CoefficientsShape[1]))
            );
        }

        for (int block = 0; block < 4 * problem.Modality.Modalities; block++)
        {
            int start = (block / 4 * width) + (block % 4 * classes);

            // A sure prediction's E is the small difference of numbers near 1.
            double largest = Math.Max(expected.AsSpan(start, classes).ToArray().Max(), 0.1);
            Assert.That(
                Read(sums)[start..(start + classes)],
                Is.EqualTo(expected[start..(start + classes)]).Within(Tolerance * largest),
                "I, P, N or E"
            );
        }

        AssertClose(sums, expected, what: "sums");
        AssertClose(gz, [.. gradient], what: "gz");
    }

    private static void AddSums(SegmentationLossProblem problem, double[] z, int label, Span<double> sums)
    {
        int classes = problem.Classes;
        double[] p = Reference.Softmax(z);
        for (int c = 0; c < classes; c++)
            sums[classes + c] += p[c] * p[c];
        if (label >= classes)
            return;
        double logSum = z.Max() + Math.Log(z.Sum(v => Math.Exp(v - z.Max())));
        sums[label] += p[label];
        sums[(2 * classes) + label]++;
        sums[(3 * classes) + label] += Math.Min(logSum - z[label], -Math.Log(problem.ProbabilityFloor));
        for (int k = 0; k < classes; k++)
            sums[((4 + label) * classes) + k] += z[k];
    }

    private static IEnumerable<double> Gradient(
        SegmentationLossProblem problem,
        double[] z,
        int label,
        ReadOnlySpan<double> coefficients
    )
    {
        int classes = problem.Classes;
        double[] p = Reference.Softmax(z),
            all = coefficients.ToArray();
        double entropy =
            label < classes && (problem.ProbabilityFloor == 0 || p[label] > problem.ProbabilityFloor)
                ? all[(2 * classes) + label]
                : 0;
        // The cross-entropy's p * (1/p g - sum) is g - p: no division, so p may underflow.
        double[] dp = [.. p.Select((v, c) => (c == label ? all[c] : 0) + (all[classes + c] * v))];
        double mean = dp.Zip(p, (a, b) => a * b).Sum();
        return p.Select(
            (v, c) =>
                (v * (dp[c] - mean))
                + (entropy * ((c == label ? 1 : 0) - v))
                + (label < classes ? all[((3 + label) * classes) + c] : 0)
        );
    }
}
