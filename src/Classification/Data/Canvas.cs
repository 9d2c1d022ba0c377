using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>A picture that is being made: values from 0 to 1 of each pixel and channel.</summary>
internal sealed class Canvas(ImageShape shape)
{
    /// <summary>Samples of a pixel along each side, by which edges are smoothed.</summary>
    private const int Fineness = 3;

    private readonly float[] values = new float[shape.Length];

    /// <summary>A random colour.</summary>
    /// <param name="stream">Decides.</param>
    /// <param name="darkest">Least value of a channel.</param>
    /// <param name="brightest">Greatest value of a channel.</param>
    public float[] Colour(ref PhiloxStream stream, float darkest = 0, float brightest = 1)
    {
        var colour = new float[shape.Channels];
        for (int c = 0; c < colour.Length; c++)
            colour[c] = stream.NextUniform(darkest, brightest);
        return colour;
    }

    /// <summary>A background that goes from one colour to another, with strokes and blobs on it.</summary>
    public void Clutter(ref PhiloxStream stream, int strokes, float brightest = 1)
    {
        float[] first = Colour(ref stream, 0, brightest),
            second = Colour(ref stream, 0, brightest);
        double angle = stream.NextUniform(0, 2 * MathF.PI),
            along = Math.Cos(angle) / shape.Width,
            down = Math.Sin(angle) / shape.Height;
        for (int i = 0; i < values.Length; i++)
        {
            (int pixel, int c) = (i / shape.Channels, i % shape.Channels);
            double share =
                0.5
                + (
                    0.7
                    * (
                        (((pixel % shape.Width) - (shape.Width / 2.0)) * along)
                        + (((pixel / shape.Width) - (shape.Height / 2.0)) * down)
                    )
                );
            values[i] = (float)(first[c] + ((second[c] - first[c]) * Math.Clamp(share, 0, 1)));
        }

        for (int stroke = 0; stroke < strokes; stroke++)
            Stroke(ref stream, brightest);
    }

    /// <summary>A line, or where it is short a blob, of a random colour.</summary>
    public void Stroke(ref PhiloxStream stream, float brightest = 1)
    {
        double x = stream.NextUniform(0, shape.Width),
            y = stream.NextUniform(0, shape.Height),
            angle = stream.NextUniform(0, MathF.PI),
            length = stream.NextUniform(1, 12),
            thickness = stream.NextUniform(0.5f, 1.6f);
        (double sin, double cos) = Math.SinCos(angle);
        float[] colour = Colour(ref stream, 0, brightest);
        Paint(
            x,
            y,
            length + thickness,
            colour,
            (dx, dy) => Math.Abs((dx * cos) + (dy * sin)) <= length && Math.Abs((dy * cos) - (dx * sin)) <= thickness
        );
    }

    /// <summary>Paints what lies around a point.</summary>
    /// <param name="x">Column of the point.</param>
    /// <param name="y">Row of the point.</param>
    /// <param name="reach">Pixels around it that are looked at.</param>
    /// <param name="colour">Of each channel.</param>
    /// <param name="contains">Whether a place, by its distance from the point, is painted.</param>
    /// <returns>The box of all pixels at least half of which were painted; null where there are none.</returns>
    public ImageBox? Paint(double x, double y, double reach, float[] colour, Func<double, double, bool> contains)
    {
        var bounds = new Bounds();
        for (int row = Math.Max(0, (int)(y - reach - 1)); row <= Math.Min(shape.Height - 1, (int)(y + reach + 1)); row++)
        {
            for (
                int column = Math.Max(0, (int)(x - reach - 1));
                column <= Math.Min(shape.Width - 1, (int)(x + reach + 1));
                column++
            )
            {
                int hits = 0;
                for (int i = 0; i < Fineness * Fineness; i++)
                {
                    double dx = column + (((i % Fineness) + 0.5) / Fineness) - x,
                        dy = row + (((i / Fineness) + 0.5) / Fineness) - y;
                    hits += contains(dx, dy) ? 1 : 0;
                }

                float share = hits / (float)(Fineness * Fineness);
                Blend(row, column, colour, share);
                if (share >= 0.5f)
                    bounds.Add(column, row);
            }
        }

        return bounds.Box;
    }

    /// <summary>Mixes a colour into a pixel.</summary>
    public void Blend(int row, int column, float[] colour, float share)
    {
        Span<float> pixel = values.AsSpan(((row * shape.Width) + column) * shape.Channels, shape.Channels);
        for (int c = 0; c < pixel.Length; c++)
            pixel[c] += (colour[c] - pixel[c]) * share;
    }

    /// <summary>Mean colour around a point.</summary>
    public float[] MeanAround(int x, int y, int reach)
    {
        var sums = new float[shape.Channels];
        int count = 0;
        for (int row = Math.Max(0, y - reach); row <= Math.Min(shape.Height - 1, y + reach); row++)
        {
            for (int column = Math.Max(0, x - reach); column <= Math.Min(shape.Width - 1, x + reach); column++, count++)
            {
                for (int c = 0; c < sums.Length; c++)
                    sums[c] += values[(((row * shape.Width) + column) * shape.Channels) + c];
            }
        }

        return [.. sums.Select(sum => sum / count)];
    }

    /// <summary>Adds noise and rounds to bytes.</summary>
    public byte[] ToBytes(ref PhiloxStream stream, float noise)
    {
        var bytes = new byte[values.Length];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)Math.Clamp(MathF.Round(255 * (values[i] + (noise * stream.NextNormal()))), 0, 255);
        return bytes;
    }

    /// <summary>The smallest box around pixels.</summary>
    internal sealed class Bounds
    {
        private int left = int.MaxValue,
            top = int.MaxValue,
            right = -1,
            bottom = -1;

        /// <summary>Null where no pixel was added.</summary>
        public ImageBox? Box => right < 0 ? null : new ImageBox(left, top, right, bottom);

        public void Add(int column, int row)
        {
            (left, right) = (Math.Min(left, column), Math.Max(right, column));
            (top, bottom) = (Math.Min(top, row), Math.Max(bottom, row));
        }
    }
}
