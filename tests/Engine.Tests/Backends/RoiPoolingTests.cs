using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class RoiPoolingTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    /// <summary>Sizes, and corners: image, x1, y1, x2, y2.</summary>
    private static readonly (string Name, RoiPoolingProblem Problem, float[] Corners)[] Cases =
    [
        ("whole map", new(new Shape(1, 1, 14, 14, 8), 1, 7, 1), [0, 0, 0, 13, 13]),
        (
            "halves round away from zero, bins overlap",
            new(new Shape(2, 1, 9, 11, 17), 4, 7, 1.0 / 16),
            [1, 8, 24, 71, 103, 0, 7.9f, 23.9f, 72, 104, 1, -8, -24, 40, 56, 0, 100, 20, 160, 120]
        ),
        ("fewer places than bins", new(new Shape(1, 1, 5, 3, 3), 2, 7, 1), [0, 1, 1, 3, 2, 0, 2, 4, 2, 4]),
        (
            "outside of the map",
            new(new Shape(1, 1, 4, 6, 5), 4, 2, 1),
            [0, -20, -20, -10, -10, 0, 6, 0, 9, 3, 0, -3, -3, 8, 8, 0, 1, 1, 2000, 1]
        ),
        ("the wrong way round", new(new Shape(1, 1, 4, 4, 2), 1, 3, 1), [0, 3, 2, 1, 0]),
        ("of no image", new(new Shape(2, 1, 3, 3, 9), 3, 2, 1), [-1, 0, 0, 2, 2, 2, 0, 0, 2, 2, 1, 0, 0, 2, 2]),
        (
            "one pixel",
            new(new Shape(3, 1, 1, 1, 1), 4, 3, 0.5),
            [2, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 99, 99, 1, 0.9f, 0, 0, 0]
        ),
        (
            "no numbers",
            new(new Shape(1, 1, 3, 4, 2), 3, 2, 1),
            [0, float.NaN, 0, 3, 2, 0, float.NegativeInfinity, 0, float.PositiveInfinity, 2, float.NaN, 0, 0, 3, 2]
        ),
        ("many channels", new(new Shape(1, 1, 2, 3, 320), 2, 2, 1), [0, 0, 0, 1, 1, 0, 1, 0, 2, 1]),
    ];

    public static IEnumerable<string> Names => Cases.Select(one => one.Name);

    /// <summary>Small integers and powers of two: exact whatever the type and the order of sums.</summary>
    [Test]
    public void Pools_exactly([ValueSource(nameof(Names))] string name, [Values] bool scored)
    {
        (string _, RoiPoolingProblem problem, float[] numbers) = Cases.Single(one => one.Name == name);
        Tensor x = Of(problem.InputShape, Integers(problem.InputShape, 7)),
            gy = Of(problem.OutputShape, Integers(problem.OutputShape, 5)),
            y = Output(problem.OutputShape),
            choice = Output(problem.OutputShape, DType.Int32),
            gx = Output(problem.InputShape),
            corners = Tensor.From<float>(Backend.Device, problem.CornersShape, numbers);
        double[] factors = [.. Enumerable.Range(0, problem.Regions).Select(region => scored ? Math.Pow(2, region - 1) : 1)];
        Tensor? scores = scored ? Of(problem.ScoresShape, factors) : null;
        Backend.RoiMaxPoolForward(problem, x, corners, scores, y, choice);
        Backend.RoiMaxPoolBackward(problem, gy, corners, scores, choice, gx);

        double[] input = Read(x),
            gradient = Read(gy),
            expected = new double[gradient.Length],
            gradientIn = new double[input.Length];
        var chosen = new int[gradient.Length];
        for (int o = 0; o < expected.Length; o++)
        {
            int region = o / (problem.Bins * problem.Bins * problem.Channels),
                image = float.IsNaN(numbers[5 * region]) ? -1 : (int)numbers[5 * region];
            int[] places = [.. Places(problem, numbers.AsMemory(5 * region, 5), o)];
            chosen[o] = -1;
            if (image < 0 || image >= problem.Images || places.Length == 0)
                continue;
            int Element(int place) =>
                ((((image * problem.Height * problem.Width) + place) * problem.Channels) + (o % problem.Channels));
            chosen[o] = places.Aggregate((a, b) => input[Element(b)] > input[Element(a)] ? b : a);
            expected[o] = factors[region] * input[Element(chosen[o])];
            gradientIn[Element(chosen[o])] += factors[region] * gradient[o];
        }

        Assert.That(Read(y), Is.EqualTo(expected));
        Assert.That(choice.ToArray<int>(), Is.EqualTo(chosen));
        Assert.That(Read(gx), Is.EqualTo(gradientIn));
        foreach (Tensor result in (Tensor[])[y, choice, gx])
            AssertIntactGuard(result);
    }

    /// <summary>More of them than a block reads at a time, on one place; the sums are not exact.</summary>
    [Test]
    public void Many_regions_meet()
    {
        const int Regions = 600;
        var problem = new RoiPoolingProblem(new Shape(2, 1, 1, 2, 3), Regions, 1, 1);
        Tensor x = Normal(problem.InputShape),
            gy = Normal(problem.OutputShape),
            scores = Normal(problem.ScoresShape),
            y = Output(problem.OutputShape),
            choice = Output(problem.OutputShape, DType.Int32),
            gx = Output(problem.InputShape),
            corners = Tensor.From<float>(
                Backend.Device,
                problem.CornersShape,
                [.. Enumerable.Range(0, Regions).SelectMany(region => (float[])[region % 3 == 0 ? 1 : 0, region % 2, 0, 1, 0])]
            );
        Backend.RoiMaxPoolForward(problem, x, corners, scores, y, choice);
        Backend.RoiMaxPoolBackward(problem, gy, corners, scores, choice, gx);
        double[] expected = new double[12],
            values = Read(x),
            gradient = Read(gy),
            factors = Read(scores);
        for (int i = 0; i < gradient.Length; i++)
        {
            int region = i / 3,
                left = ((region % 3 == 0 ? 1 : 0) * 6) + (i % 3);
            bool isRight = region % 2 == 1 || values[left + 3] > values[left];
            expected[isRight ? left + 3 : left] += factors[region] * gradient[i];
        }

        AssertClose(gx, expected, slack: 10, magnitude: Math.Sqrt(Regions));
    }

    [Test]
    public void Wrong_tensors_are_refused()
    {
        var problem = new RoiPoolingProblem(new Shape(1, 1, 2, 2, 1), 2, 2, 1);
        Tensor x = Output(problem.InputShape),
            y = Output(problem.OutputShape),
            choice = Output(problem.OutputShape, DType.Int32),
            corners = Output(problem.CornersShape, DType.Float32);
        Assert.Multiple(() =>
        {
            Refused("corners of the regions must have shape (2, 5)", () => Pool(problem, y));
            Refused("corners of the regions must be Float32", () => Pool(problem, Output(problem.CornersShape, DType.Int32)));
            Refused("not of (1, 2, 2, 2, 1)", () => Pool(problem with { InputShape = new Shape(1, 2, 2, 2, 1) }, corners));
            Refused("0 regions", () => Pool(problem with { Regions = 0 }, corners));
            Refused("129 bins", () => Pool(problem with { Bins = 129 }, corners));
            Refused("positive number, but is 0", () => Pool(problem with { Scale = 0 }, corners));
        });

        void Pool(RoiPoolingProblem asked, Tensor given) => Backend.RoiMaxPoolForward(asked, x, given, null, y, choice);
        static void Refused(string message, Action pool) =>
            Assert.That(pool, Throws.ArgumentException.With.Message.Contains(message));
    }

    /// <summary>Places of the bin of output o on its map, in order, by the published formulas.</summary>
    private static IEnumerable<int> Places(RoiPoolingProblem problem, ReadOnlyMemory<float> corners, int o)
    {
        int bin = o / problem.Channels % (problem.Bins * problem.Bins);
        foreach (int row in Axis(corners.Span[2], corners.Span[4], bin / problem.Bins, problem.Height))
        {
            foreach (int column in Axis(corners.Span[1], corners.Span[3], bin % problem.Bins, problem.Width))
                yield return (row * problem.Width) + column;
        }

        IEnumerable<int> Axis(float low, float high, int index, int map)
        {
            double first = Rounded(low),
                extent = Math.Max(Rounded(high) - first + 1, 1),
                from = first + Math.Floor(index * extent / problem.Bins),
                to = first + Math.Ceiling((index + 1) * extent / problem.Bins);
            return Enumerable.Range(0, map).Where(place => place >= from && place < to);
        }

        double Rounded(float corner) =>
            float.IsNaN(corner)
                ? -(1 << 22)
                : MathF.Round(Math.Clamp(corner * (float)problem.Scale, -(1 << 22), 1 << 22), MidpointRounding.AwayFromZero);
    }

    /// <summary>In [-range, range], with ties.</summary>
    private static double[] Integers(Shape shape, int range) =>
        [
            .. Enumerable
                .Range(0, (int)shape.Count)
                .Select(i => (double)(((i * 7919L) + (i * (long)i * 31)) % ((2 * range) + 1)) - range),
        ];
}
