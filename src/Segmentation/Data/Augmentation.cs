using System.Numerics;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Varies training samples: one resampling (bilinear for the image, nearest for the class map, which therefore never
/// gains a class), then intensities, those of each volume by themselves. What is done to a sample follows from the stream
/// alone. Blocks of slices come varied in space already: their source has the whole volume to take them from.
/// </summary>
public sealed class Augmentation
{
    private readonly AugmentationSettings settings;

    /// <exception cref="ArgumentException">An amount makes no sense (<see cref="AugmentationSettings.Validate"/>).</exception>
    public Augmentation(AugmentationSettings settings)
    {
        settings.Validate();
        this.settings = settings;
    }

    /// <summary>Writes the varied sample.</summary>
    /// <param name="shape">The sample's size.</param>
    /// <param name="stream">The random numbers that decide the variation.</param>
    /// <param name="image">Source image, (height, width, channels).</param>
    /// <param name="labels">Source class map, (height, width).</param>
    /// <param name="variedImage">Receives the image; not the source's memory.</param>
    /// <param name="variedLabels">Receives the class map; not the source's memory.</param>
    public void Apply(
        SampleShape shape,
        ref PhiloxStream stream,
        ReadOnlySpan<float> image,
        ReadOnlySpan<byte> labels,
        Span<float> variedImage,
        Span<byte> variedLabels
    )
    {
        if (shape.Depth > 1)
        {
            image.CopyTo(variedImage);
            labels.CopyTo(variedLabels);
            VaryIntensities(shape, ref stream, variedImage);
            return;
        }

        var transform = new SpatialTransform(settings, shape, ref stream);
        Span<float> outside = stackalloc float[shape.Channels];
        FillLowest(shape, image, outside);
        for (int row = 0, pixel = 0; row < shape.Height; row++)
        {
            for (int column = 0; column < shape.Width; column++, pixel++)
            {
                (float sourceRow, float sourceColumn) = transform.SourceOf(row, column);
                Interpolate(
                    shape,
                    image,
                    sourceRow,
                    sourceColumn,
                    outside,
                    variedImage.Slice(pixel * shape.Channels, shape.Channels)
                );
                variedLabels[pixel] = Nearest(shape, labels, sourceRow, sourceColumn);
            }
        }
        VaryIntensities(shape, ref stream, variedImage);
    }

    /// <summary>The sizes by which <see cref="Backend.Augment"/> varies some samples.</summary>
    public AugmentationProblem ProblemOf(SampleShape shape, int samples) =>
        new(
            new Shape(samples, shape.Depth, shape.Height, shape.Width, shape.Channels),
            shape.Volumes,
            shape.Depth == 1 && settings.ElasticPixels > 0 ? ElasticField.PointsOf(settings) : 0
        );

    /// <summary>
    /// Draws what <see cref="Apply"/> would do to a sample, for <see cref="Backend.Augment"/> to do: the same but for rounding.
    /// Where a volume of a sample has a single intensity, those behind it get other draws: nobody has looked at it yet.
    /// </summary>
    /// <param name="shape">The sample's size.</param>
    /// <param name="stream">The random numbers that decide the variation.</param>
    /// <param name="image">Source image, (depth, height, width, channels).</param>
    /// <param name="numbers">Receives a row of <see cref="AugmentationProblem.VariationShape"/>.</param>
    public void Draw(SampleShape shape, ref PhiloxStream stream, ReadOnlySpan<float> image, Span<double> numbers)
    {
        Span<float> outside = stackalloc float[shape.Channels];
        if (shape.Depth > 1)
        {
            SpatialTransform.WriteIdentity(numbers);
            outside.Clear();
        }
        else
        {
            new SpatialTransform(settings, shape, ref stream).Write(ProblemOf(shape, samples: 1), numbers);
            FillLowest(shape, image, outside);
        }

        for (int volume = 0; volume < shape.Volumes; volume++)
        {
            (float gain, float offset, float gamma, float noise) = DrawIntensities(ref stream);
            ((ReadOnlySpan<double>)[outside[volume * shape.Slices], gain, offset, gamma, noise, stream.Position]).CopyTo(
                numbers[AugmentationProblem.FirstOfVolume(volume)..]
            );
            if (noise > 0)
                stream.Skip((long)PhiloxStream.WordsPerNormal * shape.PixelCount * shape.Slices);
        }

        (ulong key, uint name1, uint name2, uint name3) = stream.Name;
        ((ReadOnlySpan<double>)[(uint)key, (uint)(key >> 32), name1, name2, name3]).CopyTo(
            numbers[AugmentationProblem.FirstOfStream..]
        );
    }

    private static void Interpolate(
        SampleShape shape,
        ReadOnlySpan<float> image,
        float row,
        float column,
        ReadOnlySpan<float> outside,
        Span<float> target
    )
    {
        float top = MathF.Floor(row),
            left = MathF.Floor(column),
            below = row - top,
            right = column - left;
        int r = (int)top,
            c = (int)left,
            channels = target.Length;
        if ((uint)r < (uint)(shape.Height - 1) && (uint)c < (uint)(shape.Width - 1))
        {
            ReadOnlySpan<float> above = image.Slice(((r * shape.Width) + c) * channels, 2 * channels),
                under = image.Slice((((r + 1) * shape.Width) + c) * channels, 2 * channels);
            for (int channel = 0; channel < channels; channel++)
                target[channel] = Bilinear.Between(
                    above[channel],
                    above[channels + channel],
                    under[channel],
                    under[channels + channel],
                    below,
                    right
                );
            return;
        }

        if (!(top >= -1 && left >= -1 && top < shape.Height && left < shape.Width))
        {
            outside.CopyTo(target);
            return;
        }

        for (int channel = 0; channel < channels; channel++)
        {
            float beyond = outside[channel];
            target[channel] = Bilinear.Between(
                At(image, r, c, channel, beyond),
                At(image, r, c + 1, channel, beyond),
                At(image, r + 1, c, channel, beyond),
                At(image, r + 1, c + 1, channel, beyond),
                below,
                right
            );
        }

        float At(ReadOnlySpan<float> source, int y, int x, int channel, float beyond) =>
            (uint)y < (uint)shape.Height && (uint)x < (uint)shape.Width
                ? source[(((y * shape.Width) + x) * shape.Channels) + channel]
                : beyond;
    }

    private static byte Nearest(SampleShape shape, ReadOnlySpan<byte> labels, float row, float column)
    {
        float nearestRow = MathF.Floor(row + 0.5f),
            nearestColumn = MathF.Floor(column + 0.5f);
        return nearestRow >= 0 && nearestColumn >= 0 && nearestRow < shape.Height && nearestColumn < shape.Width
            ? labels[((int)nearestRow * shape.Width) + (int)nearestColumn]
            : LabelValue.Background;
    }

    /// <summary>The lowest intensity of the volume that each channel is of.</summary>
    private static void FillLowest(SampleShape shape, ReadOnlySpan<float> image, Span<float> lowest)
    {
        if (shape.Volumes == 1)
        {
            lowest.Fill(Lowest(image));
            return;
        }

        lowest.Fill(float.PositiveInfinity);
        for (; image.Length > 0; image = image[lowest.Length..])
        {
            for (int channel = 0; channel < lowest.Length; channel++)
                lowest[channel] = Math.Min(lowest[channel], image[channel]);
        }

        for (int first = 0; first < lowest.Length; first += shape.Slices)
        {
            Span<float> ofVolume = lowest.Slice(first, shape.Slices);
            ofVolume.Fill(Lowest(ofVolume));
        }
    }

    private static float Lowest(ReadOnlySpan<float> values)
    {
        float lowest = float.PositiveInfinity;
        if (values.Length >= Vector<float>.Count)
        {
            var lanes = new Vector<float>(lowest);
            for (; values.Length >= Vector<float>.Count; values = values[Vector<float>.Count..])
                lanes = Vector.Min(lanes, new Vector<float>(values));
            for (int lane = 0; lane < Vector<float>.Count; lane++)
                lowest = Math.Min(lowest, lanes[lane]);
        }

        foreach (float value in values)
            lowest = Math.Min(lowest, value);
        return lowest;
    }

    /// <summary>Every volume by draws of its own: scanners vary from sequence to sequence.</summary>
    private void VaryIntensities(SampleShape shape, ref PhiloxStream stream, Span<float> image)
    {
        if (shape.Volumes == 1)
        {
            VaryIntensities(ref stream, image);
            return;
        }

        var values = new float[shape.PixelCount * shape.Slices];
        for (int volume = 0; volume < shape.Volumes; volume++)
        {
            int first = volume * shape.Slices;
            for (int pixel = 0; pixel < shape.PixelCount; pixel++)
                image
                    .Slice((pixel * shape.Channels) + first, shape.Slices)
                    .CopyTo(values.AsSpan(pixel * shape.Slices, shape.Slices));
            VaryIntensities(ref stream, values);
            for (int pixel = 0; pixel < shape.PixelCount; pixel++)
                values.AsSpan(pixel * shape.Slices, shape.Slices).CopyTo(image[((pixel * shape.Channels) + first)..]);
        }
    }

    private void VaryIntensities(ref PhiloxStream stream, Span<float> image)
    {
        (float gain, float offset, float gamma, float noise) = DrawIntensities(ref stream);
        if (gain == 1 && offset == 0 && gamma == 1 && noise == 0)
            return;
        (float minimum, float maximum, float mean, float deviation) = Statistics(image);
        float range = maximum - minimum;
        if (range <= 0)
            return;
        foreach (ref float value in image)
        {
            float bent = gamma == 1 ? value : minimum + (range * MathF.Pow((value - minimum) / range, gamma));
            value = mean + (gain * (bent - mean)) + (offset * deviation);
        }
        for (int i = 0; noise > 0 && i < image.Length; i++)
            image[i] += noise * deviation * stream.NextNormal();
    }

    private (float Gain, float Offset, float Gamma, float Noise) DrawIntensities(ref PhiloxStream stream) =>
        (
            1 + stream.NextUniform(-settings.Gain, settings.Gain),
            stream.NextUniform(-settings.Offset, settings.Offset),
            MathF.Exp(stream.NextUniform(-settings.Gamma, settings.Gamma)),
            stream.NextUniform(0, settings.Noise)
        );

    private static (float Minimum, float Maximum, float Mean, float Deviation) Statistics(ReadOnlySpan<float> image)
    {
        float minimum = float.PositiveInfinity,
            maximum = float.NegativeInfinity;
        double sum = 0,
            squares = 0;
        foreach (float value in image)
        {
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
            sum += value;
            squares += (double)value * value;
        }
        double mean = sum / image.Length;
        return (minimum, maximum, (float)mean, (float)Math.Sqrt(Math.Max(0, (squares / image.Length) - (mean * mean))));
    }
}
