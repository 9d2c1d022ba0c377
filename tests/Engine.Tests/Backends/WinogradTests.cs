using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>
/// The convolutions with fewer products against float64, beside the direct ones: they round more, by a stated factor.
/// </summary>
internal sealed unsafe class WinogradTests
{
    /// <summary>
    /// Root mean square errors of F(4x4, 3x3) are at most so many times the direct kernels' (measured 3 to 12).
    /// </summary>
    private const double MostErrorRatio = 25;

    private static IEnumerable<ConvolutionProblem> Problems()
    {
        yield return Same(new Shape(2, 1, 32, 32, 64), 1, 64);
        yield return Same(new Shape(1, 1, 13, 18, 32), 1, 48);
        yield return Same(new Shape(3, 1, 16, 16, 96), 1, 32);
        yield return Same(new Shape(2, 1, 16, 20, 32), 1, 64, dilation: 2);
        yield return Same(new Shape(1, 1, 19, 22, 32), 1, 32, dilation: 3);
        yield return Same(new Shape(2, 1, 12, 9, 32), 1, 64, padding: PaddingMode.Symmetric);
        yield return Same(new Shape(2, 4, 16, 12, 32), 3, 32);
        yield return Same(new Shape(1, 2, 8, 8, 64), 3, 32);
        yield return Same(new Shape(1, 1, 8, 12, 32), 3, 32);
        yield return Same(new Shape(1, 1, 64, 64, 512), 1, 32);
        yield return Same(new Shape(1, 1, 12, 12, 192), 1, 256);
        yield return Same(new Shape(1, 1, 200, 199, 16), 1, 16);
        yield return Same(new Shape(1, 1, 9, 11, 1040), 1, 32);
        yield return Same(new Shape(2, 2, 8, 8, 32), 3, 1040);
        yield return Same(new Shape(1, 4, 32, 36, 16), 3, 32);
    }

    [Test]
    public void All_schedules_are_among_the_problems()
    {
        WinogradSchedule[] Forward(int threads) =>
            [.. Problems().Select(p => WinogradConvolution.Create(GatherProblem.Forward(p), SimdLevels.Best, threads)!.Schedule)];
        Assert.That(Forward(1).Concat(Forward(3)).Distinct(), Is.EquivalentTo(Enum.GetValues<WinogradSchedule>()));
        Assert.That(
            Problems().Select(p => WinogradWeightGradient.Create(p, SimdLevels.Best)!.Schedule).Distinct(),
            Is.EquivalentTo([WinogradSchedule.OwnTiles, WinogradSchedule.SharedBlocks])
        );
    }

    [Test]
    public void Errors_are_within_the_stated_factor(
        [ValueSource(nameof(Problems))] ConvolutionProblem problem,
        [ValueSource(typeof(SimdLevels), nameof(SimdLevels.Available))] SimdLevel level
    )
    {
        Assert.That(
            WinogradConvolution.Suits(GatherProblem.Forward(problem), level) && WinogradWeightGradient.Suits(problem, level),
            "the case is direct, and checks nothing"
        );
        double[] x = Values(problem.InputShape.Count, 1),
            w = Values(problem.WeightShape.Count, 2),
            gy = Values(problem.OutputShape.Count, 3);
        double[][] exact = Run(problem, level, x, w, gy, exact: true);
        float[] xs = ToSingle(x),
            ws = ToSingle(w),
            gys = ToSingle(gy);
        float[][] direct = Run(problem, level, xs, ws, gys, exact: true),
            winograd = Run(problem, level, xs, ws, gys, exact: false);
        for (int i = 0; i < exact.Length; i++)
        {
            double directError = Error(direct[i], exact[i]),
                error = Error(winograd[i], exact[i]);
            TestContext.Out.WriteLine($"error {error / directError:F2} times the direct one");
            Assert.That(
                error,
                Is.LessThan(MostErrorRatio * directError),
                $"{(string[])["forward", "data gradient", "weight gradient", "forward added"]}[{i}]: "
                    + $"{error / directError:F1} times"
            );
            Assert.That(winograd[i], Is.Not.EqualTo(direct[i]), "both took the same way");
        }
    }

    [Test]
    public void The_number_of_threads_does_not_matter([ValueSource(nameof(Problems))] ConvolutionProblem problem)
    {
        float[] x = ToSingle(Values(problem.InputShape.Count, 1)),
            w = ToSingle(Values(problem.WeightShape.Count, 2)),
            gy = ToSingle(Values(problem.OutputShape.Count, 3));
        Assert.That(
            Run(problem, SimdLevels.Best, x, w, gy, exact: false, threads: 3),
            Is.EqualTo(Run(problem, SimdLevels.Best, x, w, gy, exact: false, threads: 1))
        );
    }

    /// <summary>Forward with bias, data gradient, weight gradient, and forward added to a result.</summary>
    private static T[][] Run<T>(ConvolutionProblem problem, SimdLevel level, T[] x, T[] w, T[] gy, bool exact, int threads = 2)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        using var team = new CpuThreads(threads);
        using var convolution = new CpuConvolution(team, level, exact);
        T[] y = new T[problem.OutputShape.Count],
            gx = new T[problem.InputShape.Count],
            gw = new T[problem.WeightShape.Count],
            added = [.. gy],
            padded = new T[CpuConvolution.PaddedShape(problem).Count];
        T[] bias = [.. Enumerable.Range(0, problem.OutputChannels).Select(i => T.CreateTruncating(i * 0.01))];
        fixed (
            T* px = x,
                pw = w,
                pgy = gy,
                py = y,
                pgx = gx,
                pgw = gw,
                pa = added,
                pb = bias,
                pp = padded
        )
        {
            convolution.Forward(problem, px, pw, pb, py);
            convolution.BackwardData(problem, pgy, pw, pgx, pp);
            convolution.BackwardWeights(problem, px, pgy, pgw);
            convolution.Forward(problem, px, pw, null, pa, accumulate: true);
        }

        return [y, gx, gw, added];
    }

    private static double Error(float[] actual, double[] expected) =>
        Math.Sqrt(actual.Zip(expected, (a, e) => (a - e) * (a - e)).Average());

    private static float[] ToSingle(double[] values) => [.. values.Select(v => (float)v)];

    /// <summary>Exactly representable in float32, so that all ways start from the same operands.</summary>
    private static double[] Values(long count, int seed)
    {
        var random = new System.Random(seed);
        return [.. Enumerable.Range(0, (int)count).Select(_ => (double)(float)((random.NextDouble() * 2) - 1))];
    }

    private static ConvolutionProblem Same(
        Shape x,
        int depth,
        int outputs,
        int dilation = 1,
        PaddingMode padding = PaddingMode.Zero
    ) =>
        ConvolutionProblem
            .Same(x, new Shape(depth, 3, 3, x[4], outputs), dilation: Size3.Planar(dilation), padding: padding)
            .Validate();
}
