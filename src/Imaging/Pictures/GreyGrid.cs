using SkiaSharp;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Pictures;

/// <summary>
/// A PNG of pictures of one size in rows and columns, each from its least value (black) to its greatest (white).
/// </summary>
public static class GreyGrid
{
    private const int Gap = 2;

    /// <summary>Writes it, whole or not at all.</summary>
    /// <param name="path">The PNG.</param>
    /// <param name="rows">Of pictures, row by row of pixels; as many in each row.</param>
    /// <param name="width">Of a picture.</param>
    /// <param name="scale">Pixels of the PNG per pixel of a picture, along each side.</param>
    public static void Write(string path, IReadOnlyList<IReadOnlyList<float[]>> rows, int width, int scale = 2)
    {
        int height = rows[0][0].Length / width,
            columns = rows[0].Count;
        using var bitmap = new SKBitmap(
            (columns * ((scale * width) + Gap)) - Gap,
            (rows.Count * ((scale * height) + Gap)) - Gap,
            SKColorType.Gray8,
            SKAlphaType.Opaque
        );
        foreach ((int row, IReadOnlyList<float[]> pictures) in rows.Index())
        {
            foreach ((int column, float[] picture) in pictures.Index())
                Draw(bitmap, picture, column * ((scale * width) + Gap), row * ((scale * height) + Gap), width, scale);
        }

        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, quality: 100);
        AtomicFile.Write(path, png.SaveTo);
    }

    private static void Draw(SKBitmap bitmap, float[] picture, int left, int top, int width, int scale)
    {
        (float low, float high) = (picture.Min(), picture.Max());
        float range = Math.Max(high - low, float.Epsilon);
        Span<byte> pixels = bitmap.GetPixelSpan();
        for (int y = 0; y < scale * (picture.Length / width); y++)
        {
            for (int x = 0; x < scale * width; x++)
                pixels[((top + y) * bitmap.RowBytes) + left + x] = (byte)(
                    255 * (picture[(y / scale * width) + (x / scale)] - low) / range
                );
        }
    }
}
