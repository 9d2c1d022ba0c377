using System.Numerics;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>
/// Small integers make every product and sum exact in float32, in any order: results must equal the reference bit for bit,
/// which catches every indexing, padding, dilation and tail error.
/// </summary>
[TestFixtureSource(nameof(Levels))]
internal sealed unsafe class ConvolutionTests(SimdLevel level)
{
    private const int DrawnShapes = 320;

    public static IEnumerable<SimdLevel> Levels => SimdLevels.Available;

    public static IEnumerable<ConvolutionProblem> Shapes => ByHand.Concat(ConvolutionCases.Drawn(DrawnShapes));

    public static IEnumerable<ConvolutionProblem> SomeShapes => ByHand.Concat(ConvolutionCases.Drawn(40));

    private static IEnumerable<ConvolutionProblem> ByHand => ConvolutionCases.Named().Concat(ConvolutionCases.SmallMaps());

    [TestCaseSource(nameof(Shapes))]
    public void Float_is_exact_on_integers(ConvolutionProblem problem) => RequireExact<float>(problem);

    [TestCaseSource(nameof(SomeShapes))]
    public void Double_is_exact_on_integers(ConvolutionProblem problem) => RequireExact<double>(problem);

    [TestCaseSource(nameof(SomeShapes))]
    public void Bits_do_not_depend_on_the_thread_count(ConvolutionProblem problem)
    {
        float[][] first = AllDirections(problem, 1);
        foreach (int count in new[] { 2, 3, 5 })
        {
            float[][] other = AllDirections(problem, count);
            for (int direction = 0; direction < 3; direction++)
                Assert.That(
                    other[direction].AsSpan().SequenceEqual(first[direction]),
                    $"direction {direction} with {count} threads"
                );
        }
    }

    [TestCaseSource(nameof(SomeShapes))]
    public void Real_values_are_accurate(ConvolutionProblem problem)
    {
        (double[] x, double[] w, double[] gy) = ConvolutionOperands.Reals(problem);
        float[][] results = AllDirections(problem, 2);
        double[][] expected =
        [
            ConvolutionReference.Forward(problem, x, w),
            ConvolutionReference.BackwardData(problem, gy, w),
            ConvolutionReference.BackwardWeights(problem, x, gy),
        ];
        double[][] magnitudes =
        [
            ConvolutionReference.Forward(problem, Abs(x), Abs(w)),
            ConvolutionReference.BackwardData(problem, Abs(gy), Abs(w)),
            ConvolutionReference.BackwardWeights(problem, Abs(x), Abs(gy)),
        ];
        for (int direction = 0; direction < 3; direction++)
        {
            for (int i = 0; i < expected[direction].Length; i++)
            {
                // Relative to the sum of the products' magnitudes: about 8 float32 roundings, far below the n / 2 that a sum of n
                // terms may lose.
                if (Math.Abs(results[direction][i] - expected[direction][i]) > 1e-6 * magnitudes[direction][i])
                    Assert.Fail($"direction {direction}, element {i}: {results[direction][i]}, not {expected[direction][i]}");
            }
        }
    }

    [Test]
    public void Bias_is_added_once_per_output_channel()
    {
        ConvolutionProblem problem = ConvolutionCases.Named().First(p => p.InputChannels == 33);
        (double[] x, double[] w, _) = ConvolutionOperands.Integers(problem);
        float[] bias = [.. Enumerable.Range(1, problem.OutputChannels).Select(k => (float)k)];
        using var threads = new CpuThreads(2);
        using var convolution = new CpuConvolution(threads, level, exact: true);
        using var y = new GuardedBuffer<float>((int)problem.OutputShape.Count);
        fixed (
            float* xs = Cast<float>(x),
                ws = Cast<float>(w),
                b = bias
        )
            convolution.Forward(problem, xs, ws, b, y.Pointer);
        double[] expected = ConvolutionReference.Forward(problem, x, w);
        for (int i = 0; i < expected.Length; i++)
            Assert.That(y.Content[i], Is.EqualTo((float)expected[i] + bias[i % problem.OutputChannels]));
    }

    [Test]
    public void The_exact_check_sees_a_moved_tap()
    {
        ConvolutionProblem problem = ConvolutionCases.Named().First(p => p.Kernel.Width == 3 && p.Input.Width > 8);
        (double[] x, double[] w, _) = ConvolutionOperands.Integers(problem);
        double[] moved = ConvolutionReference.Forward(
            problem with
            {
                PadBefore = new Size3(0, 0, 1),
                PadAfter = new Size3(0, 2, 1),
            },
            x,
            w
        );
        Assert.That(moved, Is.Not.EqualTo(ConvolutionReference.Forward(problem, x, w)));
    }

    private void RequireExact<T>(ConvolutionProblem problem)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (double[] x, double[] w, double[] gy) = ConvolutionOperands.Integers(problem);
        using var threads = new CpuThreads(2);
        using var convolution = new CpuConvolution(threads, level, exact: true);
        using var xs = new GuardedBuffer<T>(Cast<T>(x));
        using var ws = new GuardedBuffer<T>(Cast<T>(w));
        using var gys = new GuardedBuffer<T>(Cast<T>(gy));
        using var y = new GuardedBuffer<T>((int)problem.OutputShape.Count);
        using var gx = new GuardedBuffer<T>((int)problem.InputShape.Count);
        using var gw = new GuardedBuffer<T>((int)problem.WeightShape.Count);
        using var padded = new GuardedBuffer<T>((int)CpuConvolution.PaddedShape(problem).Count);

        // Twice, so that a plan's second use is checked too.
        for (int run = 0; run < 2; run++)
        {
            convolution.Forward(problem, xs.Pointer, ws.Pointer, null, y.Pointer);
            convolution.BackwardData(problem, gys.Pointer, ws.Pointer, gx.Pointer, padded.Pointer);
            convolution.BackwardWeights(problem, xs.Pointer, gys.Pointer, gw.Pointer);
        }

        RequireEqual(y, ConvolutionReference.Forward(problem, x, w), "y");
        RequireEqual(gx, ConvolutionReference.BackwardData(problem, gy, w), "gx");
        RequireEqual(gw, ConvolutionReference.BackwardWeights(problem, x, gy), "gw");
    }

    private static void RequireEqual<T>(GuardedBuffer<T> actual, double[] expected, string name)
        where T : unmanaged, INumber<T>
    {
        actual.RequireIntactMargins();
        for (int i = 0; i < expected.Length; i++)
        {
            if (double.CreateChecked(actual.Content[i]) != expected[i])
                Assert.Fail($"{name}[{i}] is {actual.Content[i]}, not {expected[i]}");
        }
    }

    private float[][] AllDirections(ConvolutionProblem problem, int threadCount)
    {
        (double[] x, double[] w, double[] gy) = ConvolutionOperands.Reals(problem);
        using var threads = new CpuThreads(threadCount);
        using var convolution = new CpuConvolution(threads, level, exact: true);
        float[] y = new float[problem.OutputShape.Count],
            gx = new float[problem.InputShape.Count],
            gw = new float[problem.WeightShape.Count],
            padded = new float[CpuConvolution.PaddedShape(problem).Count];
        fixed (
            float* xs = Cast<float>(x),
                ws = Cast<float>(w),
                gys = Cast<float>(gy),
                py = y,
                pgx = gx,
                pgw = gw,
                ppadded = padded
        )
        {
            convolution.Forward(problem, xs, ws, null, py);
            convolution.BackwardData(problem, gys, ws, pgx, ppadded);
            convolution.BackwardWeights(problem, xs, gys, pgw);
        }

        return [y, gx, gw];
    }

    private static double[] Abs(double[] values) => [.. values.Select(Math.Abs)];

    private static T[] Cast<T>(double[] values)
        where T : INumber<T> => [.. values.Select(T.CreateChecked)];
}
