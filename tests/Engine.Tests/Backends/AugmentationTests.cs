using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>Training samples varied by given numbers, against the contract's formulas in float64.</summary>
public sealed class AugmentationTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    /// <summary>Rounding of positions, in pixels: at ties labels may be either, and intensities differ by so much of a
    /// step.</summary>
    private const double PositionError = 1e-4;

    private static readonly AugmentationProblem[] Problems =
    [
        new(new Shape(2, 1, 13, 21, 3)),
        new(new Shape(3, 1, 9, 7, 6), Volumes: 2, ControlPoints: 5),
        new(new Shape(1, 4, 11, 18, 2), Volumes: 2),
        new(new Shape(1, 1, 1, 1, 1), ControlPoints: 4),
        new(new Shape(1, 1, 40, 41, 1), ControlPoints: 7),
    ];

    [Test]
    public void Samples_are_moved_and_their_intensities_changed([ValueSource(nameof(Problems))] AugmentationProblem problem)
    {
        Tensor x = Normal(problem.ImageShape),
            labels = Bytes(
                problem.LabelsShape,
                [.. Enumerable.Range(0, (int)problem.LabelsShape.Count).Select(i => (byte)(i % 9))]
            );
        double[] variation = Draw(problem),
            moveOnly = [.. variation];
        for (int sample = 0; sample < problem.Samples; sample++)
        {
            for (int volume = 0; volume < problem.Volumes; volume++)
                ((ReadOnlySpan<double>)[1, 0, 1, 0]).CopyTo(NumbersOf(problem, moveOnly, sample, volume)[1..]);
        }

        (Tensor moved, Tensor movedLabels) = Augment(problem, x, labels, moveOnly);
        (double[] expected, double[] classes) = Move(problem, Read(x), Read(labels), variation, Read(movedLabels));
        double slack = Math.Max(1, PositionError / Tolerance);
        AssertClose(moved, expected, Type == DType.Float32 ? slack : 10, "moved");
        Assert.That(Read(movedLabels), Is.EqualTo(classes));

        // From here on the moved samples as they were computed: small differences grow where gamma is steep.
        Tensor still = Of(problem.ImageShape, Read(moved));
        Stay(problem, variation);
        (Tensor varied, Tensor same) = Augment(problem, still, movedLabels, variation);
        Assert.That(Read(same), Is.EqualTo(Read(movedLabels)));
        Bend(problem, variation, expected = Read(still));
        AssertClose(varied, expected, Type == DType.Float32 ? 1 : 1e5, "varied");
    }

    [Test]
    public void Nothing_to_vary_leaves_every_bit([ValueSource(nameof(Problems))] AugmentationProblem problem)
    {
        Tensor x = Normal(problem.ImageShape),
            labels = Bytes(
                problem.LabelsShape,
                [.. Enumerable.Range(0, (int)problem.LabelsShape.Count).Select(i => (byte)(i % 256))]
            );
        double[] nothing = Draw(problem);
        Stay(problem, nothing);
        for (int sample = 0; sample < problem.Samples; sample++)
        {
            for (int volume = 0; volume < problem.Volumes; volume++)
                ((ReadOnlySpan<double>)[1, 0, 1, 0]).CopyTo(NumbersOf(problem, nothing, sample, volume)[1..]);
        }

        (Tensor y, Tensor same) = Augment(problem, x, labels, nothing);
        Assert.That(Read(y), Is.EqualTo(Read(x)));
        Assert.That(Read(same), Is.EqualTo(Read(labels)));
    }

    [Test]
    public void A_volume_of_one_intensity_stays()
    {
        AugmentationProblem problem = new(new Shape(2, 1, 5, 6, 2));
        Tensor x = Of(problem.ImageShape, [.. Enumerable.Repeat(2.5, (int)problem.ImageShape.Count)]);
        double[] variation = Draw(problem);
        Stay(problem, variation);
        (Tensor y, _) = Augment(problem, x, Bytes(problem.LabelsShape, new byte[60]), variation);
        Assert.That(Read(y), Has.All.EqualTo(2.5));
    }

    [Test]
    public void Sizes_that_do_not_fit_are_refused()
    {
        AugmentationProblem problem = new(new Shape(1, 1, 4, 4, 3));
        byte[] maps = new byte[16];
        Assert.That(
            () => Augment(problem with { Volumes = 2 }, Normal(problem.ImageShape), Bytes(problem.LabelsShape, maps), []),
            Throws.ArgumentException.With.Message.Contains("3 channels are not those of 2 volumes")
        );
        Assert.That(
            () => Augment(problem with { ControlPoints = 3 }, Normal(problem.ImageShape), Bytes(problem.LabelsShape, maps), []),
            Throws.ArgumentException.With.Message.Contains("control points")
        );
        Assert.That(
            () => Augment(problem, Normal(problem.ImageShape), Bytes(new Shape(1, 1, 2, 8), maps), Draw(problem)),
            Throws.ArgumentException.With.Message.Contains("class maps")
        );
    }

    private (Tensor Images, Tensor Labels) Augment(AugmentationProblem problem, Tensor x, Tensor labels, double[] variation)
    {
        problem.Validate();
        Tensor y = Output(problem.ImageShape),
            variedLabels = Output(problem.LabelsShape, DType.UInt8);
        Backend.Augment(problem, x, labels, Doubles(problem.VariationShape, variation), y, variedLabels);
        return (y, variedLabels);
    }

    /// <summary>Numbers that are float32, or integers, as the contract has them.</summary>
    private static double[] Draw(AugmentationProblem problem)
    {
        var stream = new PhiloxStream(5, 0, 0, 0);
        var numbers = new double[problem.VariationShape.Count];
        int width = problem.VariationShape[1];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = stream.NextUniform(-1.2f, 1.2f);
        for (int sample = 0; sample < problem.Samples; sample++)
        {
            for (int i = 0; i < AugmentationProblem.StreamNumbers; i++)
                numbers[(sample * width) + AugmentationProblem.FirstOfStream + i] = stream.NextWord();
            for (int volume = 0; volume < problem.Volumes; volume++)
                (
                    (ReadOnlySpan<double>)
                        [-3, stream.NextUniform(0.7f, 1.3f), stream.NextUniform(-0.5f, 0.5f), 1.25f, 0.125f, stream.NextIndex(99)]
                ).CopyTo(NumbersOf(problem, numbers, sample, volume));
        }

        return numbers;
    }

    private static void Stay(AugmentationProblem problem, double[] numbers)
    {
        int width = problem.VariationShape[1];
        for (int sample = 0; sample < problem.Samples; sample++)
        {
            ((ReadOnlySpan<double>)[1, 0, 0, 0, 1, 0]).CopyTo(numbers.AsSpan(sample * width));
            numbers.AsSpan((sample * width) + problem.FirstOfControlPoints, width - problem.FirstOfControlPoints).Clear();
        }
    }

    private static Span<double> NumbersOf(AugmentationProblem problem, double[] numbers, int sample, int volume) =>
        numbers.AsSpan(
            (sample * problem.VariationShape[1]) + AugmentationProblem.FirstOfVolume(volume),
            AugmentationProblem.VolumeNumbers
        );

    /// <param name="problem">Sizes.</param>
    /// <param name="x">Images.</param>
    /// <param name="labels">Class maps.</param>
    /// <param name="numbers">Of the variation.</param>
    /// <param name="computed">Class maps that hold where two pixels are as near.</param>
    private static (double[] Images, double[] Labels) Move(
        AugmentationProblem problem,
        double[] x,
        double[] labels,
        double[] numbers,
        double[] computed
    )
    {
        (int height, int width, int channels) = (problem.Height, problem.Width, problem.Channels);
        var y = new double[x.Length];
        var varied = new double[labels.Length];
        for (int position = 0; position < labels.Length; position++)
        {
            int sample = position / problem.Positions,
                pixel = position % (height * width),
                plane = position - pixel;
            double[] own = numbers[(sample * problem.VariationShape[1])..((sample + 1) * problem.VariationShape[1])];
            double fromRow = (pixel / width) - ((height - 1) / 2.0),
                fromColumn = (pixel % width) - ((width - 1) / 2.0),
                row = ((height - 1) / 2.0) + (own[0] * fromRow) + (own[1] * fromColumn) + own[2],
                column = ((width - 1) / 2.0) + (own[3] * fromRow) + (own[4] * fromColumn) + own[5];
            if (problem.ControlPoints is > 0 and int points)
            {
                double[] down = own[problem.FirstOfControlPoints..];
                row += Displacement(down, points, pixel, height, width);
                column += Displacement(down[(points * points)..], points, pixel, height, width);
            }

            for (int channel = 0; channel < channels; channel++)
            {
                double outside = own[AugmentationProblem.FirstOfVolume(channel / problem.VolumeChannels)];
                y[(position * channels) + channel] = Pixels(row, column)
                    .Sum(corner =>
                        corner.Weight
                        * (
                            Inside(corner.Row, corner.Column)
                                ? x[((plane + (corner.Row * width) + corner.Column) * channels) + channel]
                                : outside
                        )
                    );
            }

            (int Row, int Column) nearest = ((int)Math.Floor(row + 0.5), (int)Math.Floor(column + 0.5));
            bool tie = IsHalf(row) || IsHalf(column);
            varied[position] =
                tie ? computed[position]
                : Inside(nearest.Row, nearest.Column) ? labels[plane + (nearest.Row * width) + nearest.Column]
                : 0;
        }

        return (y, varied);

        bool Inside(int row, int column) => row >= 0 && column >= 0 && row < height && column < width;
        static bool IsHalf(double value) => Math.Abs(value - Math.Floor(value) - 0.5) < PositionError;
    }

    private static IEnumerable<(int Row, int Column, double Weight)> Pixels(double row, double column)
    {
        (int top, int left) = ((int)Math.Floor(row), (int)Math.Floor(column));
        for (int r = 0; r < 2; r++)
        {
            for (int c = 0; c < 2; c++)
                yield return (top + r, left + c, (1 - Math.Abs(row - top - r)) * (1 - Math.Abs(column - left - c)));
        }
    }

    private static double Displacement(double[] controls, int points, int pixel, int height, int width)
    {
        double down = pixel / width * (points - 3.0) / height,
            along = pixel % width * (points - 3.0) / width,
            sum = 0;
        for (int i = 0; i < points; i++)
        {
            for (int j = 0; j < points; j++)
                sum += Spline(down - i + 3, 3) * Spline(along - j + 3, 3) * controls[(i * points) + j];
        }

        return sum;
    }

    /// <summary>The uniform B-spline by de Boor's recursion.</summary>
    private static double Spline(double t, int degree) =>
        degree == 0
            ? (t is >= 0 and < 1 ? 1 : 0)
            : ((t * Spline(t, degree - 1)) + ((degree + 1 - t) * Spline(t - 1, degree - 1))) / degree;

    private static void Bend(AugmentationProblem problem, double[] variation, double[] images)
    {
        for (int sample = 0; sample < problem.Samples; sample++)
        {
            for (int volume = 0; volume < problem.Volumes; volume++)
            {
                Span<double> own = NumbersOf(problem, variation, sample, volume);
                int[] places =
                [
                    .. Enumerable
                        .Range(0, problem.Positions * problem.VolumeChannels)
                        .Select(i =>
                            (((sample * problem.Positions) + (i / problem.VolumeChannels)) * problem.Channels)
                            + (volume * problem.VolumeChannels)
                            + (i % problem.VolumeChannels)
                        ),
                ];
                double[] values = [.. places.Select(place => images[place])];
                double minimum = values.Min(),
                    range = values.Max() - minimum,
                    mean = values.Average(),
                    deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
                if (range == 0)
                    continue;
                ReadOnlySpan<double> name = variation.AsSpan(
                    (sample * problem.VariationShape[1]) + AugmentationProblem.FirstOfStream
                );
                var stream = new PhiloxStream(
                    (ulong)name[0] | ((ulong)name[1] << 32),
                    (uint)name[2],
                    (uint)name[3],
                    (uint)name[4]
                );
                for (int word = 0; word < own[5]; word++)
                    stream.NextWord();
                for (int i = 0; i < values.Length; i++)
                {
                    double bent = minimum + (range * Math.Pow((values[i] - minimum) / range, own[3]));
                    images[places[i]] =
                        mean + (own[1] * (bent - mean)) + (own[2] * deviation) + (own[4] * deviation * stream.NextNormal());
                }
            }
        }
    }
}
