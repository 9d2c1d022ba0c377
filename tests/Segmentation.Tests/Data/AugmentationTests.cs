using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

[TestFixture]
public class AugmentationTests
{
    private static readonly SampleShape Shape = new(20, 31, 3);

    /// <summary>Every kind of variation.</summary>
    internal static readonly AugmentationSettings Strong = new()
    {
        RotationDegrees = 40,
        Scaling = 0.4f,
        Shift = 0.2f,
        ElasticPixels = 2,
        FlipProbability = 0.5f,
        Gain = 0.3f,
        Offset = 0.5f,
        Gamma = 0.4f,
        Noise = 0.2f,
    };

    private static readonly float[] Image = [.. Enumerable.Range(0, Shape.ImageLength).Select(i => MathF.Sin(i * 0.37f) - 0.2f)];
    private static readonly byte[] Classes =
    [
        .. Enumerable.Range(0, Shape.PixelCount).Select(i => (byte)(i % 7 == 0 ? 255 : i % 4 * 2)),
    ];

    [Test]
    public void NoAmounts_GiveTheSampleBitForBit()
    {
        (float[] image, byte[] labels) = Vary(AugmentationSettings.None, 3);
        Assert.That(image, Is.EqualTo(Image));
        Assert.That(labels, Is.EqualTo(Classes));
    }

    [Test]
    public void Labels_AreNeverInterpolated()
    {
        var known = Classes.ToHashSet();
        for (uint sample = 0; sample < 50; sample++)
            Assert.That(Vary(Strong, sample).Labels.All(known.Contains), Is.True, $"sample {sample}");
    }

    [Test]
    public void SameStream_SameSample_OtherStream_Another()
    {
        float[] first = Vary(Strong, 5).Image;
        Assert.That(Vary(Strong, 5).Image, Is.EqualTo(first));
        Assert.That(Vary(Strong, 6).Image, Is.Not.EqualTo(first));
    }

    [Test]
    public void StrongVariation_StaysFinite()
    {
        for (uint sample = 0; sample < 50; sample++)
            Assert.That(Vary(Strong, sample).Image.All(float.IsFinite), Is.True, $"sample {sample}");
    }

    [Test]
    public void Flip_MirrorsColumns()
    {
        (float[] image, byte[] labels) = Vary(AugmentationSettings.None with { FlipProbability = 1 }, 1);
        for (int row = 0; row < Shape.Height; row++)
        {
            for (int column = 0; column < Shape.Width; column++)
            {
                int here = (row * Shape.Width) + column,
                    mirrored = (row * Shape.Width) + Shape.Width - 1 - column;
                Assert.That(labels[here], Is.EqualTo(Classes[mirrored]));
                Assert.That(image[here * Shape.Channels], Is.EqualTo(Image[mirrored * Shape.Channels]));
            }
        }
    }

    [Test]
    public void RowFlip_MirrorsRows_AndDrawsNothingWhereItIsOff()
    {
        (float[] image, byte[] labels) = Vary(AugmentationSettings.None with { RowFlipProbability = 1 }, 1);
        for (int pixel = 0; pixel < Shape.PixelCount; pixel++)
        {
            int mirrored = ((Shape.Height - 1 - (pixel / Shape.Width)) * Shape.Width) + (pixel % Shape.Width);
            Assert.That(labels[pixel], Is.EqualTo(Classes[mirrored]));
            Assert.That(image[pixel * Shape.Channels], Is.EqualTo(Image[mirrored * Shape.Channels]));
        }

        (PhiloxStream without, PhiloxStream with) = (new(8, 1, 0, 0), new(8, 1, 0, 0));
        AugmentationSettings.DrawMirror(0, ref without);
        AugmentationSettings.DrawMirror(0.5f, ref with);
        Assert.That(without.Position, Is.Zero);
        Assert.That(with.Position, Is.Positive);
    }

    [Test]
    public void RotatedDisc_KeepsImageAndLabelTogether()
    {
        var shape = new SampleShape(64, 64, 1);
        var image = new float[shape.ImageLength];
        var labels = new byte[shape.PixelCount];
        for (int i = 0; i < labels.Length; i++)
        {
            bool inside = Math.Pow((i / 64) - 20, 2) + Math.Pow((i % 64) - 40, 2) < 100;
            (image[i], labels[i]) = inside ? (1, (byte)1) : (0, (byte)0);
        }
        var settings = AugmentationSettings.None with { RotationDegrees = 60, Scaling = 0.3f, Shift = 0.05f, ElasticPixels = 1 };
        var (varied, variedLabels) = (new float[image.Length], new byte[labels.Length]);
        for (uint sample = 0; sample < 10; sample++)
        {
            var stream = new PhiloxStream(8, sample, 0, 0);
            new Augmentation(settings).Apply(shape, ref stream, image, labels, varied, variedLabels);
            int disagreeing = varied.Zip(variedLabels).Count(p => Math.Abs(p.First - p.Second) > 0.75);
            Assert.That(variedLabels.Count(l => l == 1), Is.InRange(80, 600));
            Assert.That(disagreeing, Is.Zero);
        }
    }

    /// <summary>In double, position by position; an odd number of pixels, and images turned beyond their borders.</summary>
    [Test]
    public void Images_are_interpolated_between_pixels_and_bent_by_formula([Values(1, 3)] int slices)
    {
        var shape = new SampleShape(9, 13, slices);
        float[] image = [.. Enumerable.Range(0, shape.ImageLength).Select(i => (i * 37 % 101) - 20f)];
        var settings = AugmentationSettings.None with
        {
            RotationDegrees = 70,
            Scaling = 0.4f,
            Shift = 0.2f,
            FlipProbability = 0.5f,
        };
        var (varied, labels) = (new float[image.Length], new byte[shape.PixelCount]);
        for (uint sample = 0; sample < 8; sample++)
        {
            var stream = new PhiloxStream(8, sample, 0, 0);
            new Augmentation(settings).Apply(shape, ref stream, image, new byte[shape.PixelCount], varied, labels);
            var again = new PhiloxStream(8, sample, 0, 0);
            var transform = new SpatialTransform(settings, shape, ref again);
            double[] expected =
            [
                .. Enumerable
                    .Range(0, image.Length)
                    .Select(i => At(transform.SourceOf(i / slices / shape.Width, i / slices % shape.Width), i % slices)),
            ];
            Assert.That(varied, Is.EqualTo(expected).Within(2e-3), $"sample {sample}");

            // The same, and intensities.
            stream = new PhiloxStream(8, sample, 0, 0);
            AugmentationSettings bending = settings with { Gain = 0.5f, Offset = 0.5f, Gamma = 0.8f };
            new Augmentation(bending).Apply(shape, ref stream, image, new byte[shape.PixelCount], varied, labels);
            double gain = 1 + again.NextUniform(-bending.Gain, bending.Gain),
                offset = again.NextUniform(-bending.Offset, bending.Offset),
                gamma = Math.Exp(again.NextUniform(-bending.Gamma, bending.Gamma)),
                minimum = expected.Min(),
                range = expected.Max() - minimum,
                mean = expected.Average(),
                deviation = Math.Sqrt(expected.Average(value => (value - mean) * (value - mean)));
            Assert.That(
                varied,
                Is.EqualTo(
                        expected.Select(value =>
                            mean
                            + (gain * (minimum + (range * Math.Pow((value - minimum) / range, gamma)) - mean))
                            + (offset * deviation)
                        )
                    )
                    .Within(1e-2),
                $"intensities of sample {sample}"
            );
        }

        double At((float Row, float Column) source, int channel)
        {
            (double top, double left) = (Math.Floor(source.Row), Math.Floor(source.Column));
            double sum = 0;
            foreach ((int down, int along) in ((int, int)[])[(0, 0), (0, 1), (1, 0), (1, 1)])
            {
                (double row, double column) = (top + down, left + along);
                bool inside = row >= 0 && column >= 0 && row < shape.Height && column < shape.Width;
                double value = inside ? image[((((int)row * shape.Width) + (int)column) * slices) + channel] : image.Min();
                sum += (1 - Math.Abs(source.Row - row)) * (1 - Math.Abs(source.Column - column)) * value;
            }

            return sum;
        }
    }

    [Test]
    public void IntensitiesOfAFlatImage_StayFlat()
    {
        var stream = new PhiloxStream(8, 0, 0, 0);
        var (image, labels) = (new float[Shape.ImageLength], new byte[Shape.PixelCount]);
        new Augmentation(Strong).Apply(
            Shape,
            ref stream,
            Enumerable.Repeat(2f, image.Length).ToArray(),
            labels,
            image,
            labels.ToArray()
        );
        Assert.That(image, Is.All.EqualTo(2f));
    }

    [Test]
    public void NegativeAmount_IsRefusedByName() =>
        Assert.That(
            () => new Augmentation(new AugmentationSettings { Noise = -1 }),
            Throws.ArgumentException.With.Message.EqualTo("augmentation Noise is -1, expected 0 to 10")
        );

    private static (float[] Image, byte[] Labels) Vary(AugmentationSettings settings, uint sample)
    {
        var stream = new PhiloxStream(42, sample, 0, 0);
        var (image, labels) = (new float[Image.Length], new byte[Classes.Length]);
        new Augmentation(settings).Apply(Shape, ref stream, Image, Classes, image, labels);
        return (image, labels);
    }
}
