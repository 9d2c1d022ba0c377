using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class PoolingTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    private static readonly PoolingProblem[] Problems =
    [
        new(new Shape(2, 1, 8, 16, 16), new Size3(1, 2, 2), new Size3(1, 2, 2)),
        new(new Shape(1, 1, 7, 5, 17), new Size3(1, 2, 2), new Size3(1, 2, 2)),
        new(new Shape(2, 1, 7, 9, 3), new Size3(1, 3, 3), new Size3(1, 2, 2)),
        new(new Shape(1, 5, 6, 7, 33), new Size3(2, 3, 3), new Size3(1, 2, 1)),
        new(new Shape(1, 1, 1, 1, 1), new Size3(3, 3, 3), new Size3(2, 2, 2)),
        new(new Shape(1, 16, 16, 16, 7), Size3.Cube(2), Size3.Cube(2)),
    ];

    [Test]
    public void MaxPool([ValueSource(nameof(Problems))] PoolingProblem problem)
    {
        Tensor x = Normal(problem.InputShape),
            y = Output(problem.OutputShape),
            choice = Output(problem.OutputShape, DType.UInt8);
        Tensor gy = Normal(problem.OutputShape),
            gx = Output(problem.InputShape);
        Backend.MaxPoolForward(problem, x, y, choice);
        Backend.MaxPoolBackward(problem, gy, choice, gx);

        double[] input = Read(x),
            gradient = Read(gy),
            gradientIn = new double[input.Length];
        var expected = new double[gradient.Length];
        var chosen = new double[gradient.Length];
        for (int o = 0; o < expected.Length; o++)
        {
            (int Tap, int Element) best = Windows(problem, o).Aggregate((a, b) => input[b.Element] > input[a.Element] ? b : a);
            (expected[o], chosen[o]) = (input[best.Element], best.Tap);
            gradientIn[best.Element] += gradient[o];
        }

        AssertClose(y, expected);
        Assert.That(Read(choice), Is.EqualTo(chosen));
        AssertClose(gx, gradientIn);
    }

    [Test]
    public void MaxPoolTakesTheFirstOfEquals()
    {
        var problem = new PoolingProblem(new Shape(1, 1, 4, 4, 17), new Size3(1, 2, 2), new Size3(1, 2, 2));
        Tensor y = Output(problem.OutputShape),
            choice = Output(problem.OutputShape, DType.UInt8);
        foreach (double value in (double[])[0, -3, double.NegativeInfinity])
        {
            Backend.MaxPoolForward(problem, Of(problem.InputShape, [.. Enumerable.Repeat(value, 16 * 17)]), y, choice);
            Assert.That(Read(choice), Has.All.Zero);
            Assert.That(Read(y), Has.All.EqualTo(value));
        }
    }

    [Test]
    public void AveragePool([ValueSource(nameof(Problems))] PoolingProblem problem)
    {
        Tensor x = Normal(problem.InputShape),
            y = Output(problem.OutputShape),
            gy = Normal(problem.OutputShape),
            gx = Output(problem.InputShape);
        Backend.AveragePoolForward(problem, x, y);
        Backend.AveragePoolBackward(problem, gy, gx);

        double[] input = Read(x),
            gradient = Read(gy),
            gradientIn = new double[input.Length];
        AssertClose(y, [.. gradient.Select((_, o) => Windows(problem, o).Average(e => input[e.Element]))]);
        for (int o = 0; o < gradient.Length; o++)
        {
            (int Tap, int Element)[] window = [.. Windows(problem, o)];
            foreach ((int _, int element) in window)
                gradientIn[element] += gradient[o] / window.Length;
        }

        AssertClose(gx, gradientIn);
    }

    /// <summary>Tap and flat input index of the elements inside the image under output element o.</summary>
    private static IEnumerable<(int Tap, int Element)> Windows(PoolingProblem problem, int o)
    {
        (Size3 input, Size3 output, Size3 window, Size3 stride, Size3 pad) = (
            problem.Input,
            problem.Output,
            problem.Window,
            problem.Stride,
            problem.PadBefore
        );
        int c = o % problem.Channels,
            position = o / problem.Channels;
        int ow = position % output.Width,
            oh = position / output.Width % output.Height,
            od = position / output.Width / output.Height % output.Depth,
            n = position / output.Count;
        int tap = 0;
        for (int d = 0; d < window.Depth; d++)
        {
            for (int h = 0; h < window.Height; h++)
            {
                for (int w = 0; w < window.Width; w++, tap++)
                {
                    int id = (od * stride.Depth) + d - pad.Depth,
                        ih = (oh * stride.Height) + h - pad.Height,
                        iw = (ow * stride.Width) + w - pad.Width;
                    if (id >= 0 && id < input.Depth && ih >= 0 && ih < input.Height && iw >= 0 && iw < input.Width)
                        yield return (
                            tap,
                            (((((((n * input.Depth) + id) * input.Height) + ih) * input.Width) + iw) * problem.Channels) + c
                        );
                }
            }
        }
    }
}
