using UnpairedSegEngine.Random;

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
        float gain = 1 + stream.NextUniform(-settings.Gain, settings.Gain);
        float offset = stream.NextUniform(-settings.Offset, settings.Offset);
        float gamma = MathF.Exp(stream.NextUniform(-settings.Gamma, settings.Gamma));
        float noise = stream.NextUniform(0, settings.Noise);
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
