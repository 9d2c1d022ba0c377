using UnpairedSegEngine.Random;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>Images of a dataset with one label each, grey on black, whose black is seen through.</summary>
internal sealed class GarmentObjects : ISceneObjects
{
    /// <summary>From this value on a garment hides what is behind it.</summary>
    private const float Opaque = 0.25f;

    private readonly ImageSet garments;

    /// <exception cref="UsageException">The images are none, or not grey with one label each.</exception>
    public GarmentObjects(ImageSet garments)
    {
        if (garments.Count == 0 || garments.IsMultiLabel || garments.Shape.Channels != 1 || garments.Shape.Length > 48 * 48)
            throw new UsageException(
                $"garments must be grey images of one label each, at most 48x48, but these are {garments.Count} of {garments.Shape}"
                    + (garments.IsMultiLabel ? " with several labels" : "")
            );
        this.garments = garments;
    }

    public float BrightestClutter => 0.6f;

    public (int Object, float Radius) Choose(ref PhiloxStream stream) =>
        (stream.NextIndex(garments.Count), stream.NextUniform(13, 20));

    public ObjectBox? Draw(Canvas canvas, int chosen, float x, float y, float radius, ref PhiloxStream stream)
    {
        (int height, int width) = (garments.Shape.Height, garments.Shape.Width);
        ReadOnlySpan<byte> pixels = garments.Pixels(chosen);
        var bounds = new Canvas.Bounds();
        for (int row = (int)(y - radius) + 1; row < y + radius; row++)
        {
            for (int column = (int)(x - radius) + 1; column < x + radius; column++)
            {
                float value = Bilinear(pixels, height, width, Place(row - y, height), Place(column - x, width)) / 255;
                canvas.Blend(row, column, [value], Math.Min(1, value / Opaque));
                if (value >= 0.5f * Opaque)
                    bounds.Add(column, row);
            }
        }

        return bounds.Box is { } box ? new ObjectBox(box, garments.Label(chosen)) : null;

        float Place(float distance, int side) => Math.Clamp((((distance / radius) + 1) * 0.5f * side) - 0.5f, 0, side - 1);
    }

    private static float Bilinear(ReadOnlySpan<byte> pixels, int height, int width, float row, float column)
    {
        int top = (int)row,
            left = (int)column,
            bottom = Math.Min(top + 1, height - 1),
            right = Math.Min(left + 1, width - 1);
        float down = row - top,
            along = column - left,
            upper = Mix(pixels[(top * width) + left], pixels[(top * width) + right]),
            lower = Mix(pixels[(bottom * width) + left], pixels[(bottom * width) + right]);
        return upper + ((lower - upper) * down);

        float Mix(byte a, byte b) => a + ((b - a) * along);
    }
}
