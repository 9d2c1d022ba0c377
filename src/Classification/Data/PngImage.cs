using SkiaSharp;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>PNG files as arrays of bytes and back, without loss.</summary>
internal static class PngImage
{
    private const long MostBytes = 64 << 20;
    private const int MostSide = 4096;

    /// <summary>Reads a file: one channel where it is grey, else red, green and blue; transparency is passed over.</summary>
    /// <exception cref="InvalidDataException">No file, no PNG, or one of more than 4096 pixels a side.</exception>
    public static (ImageShape Shape, byte[] Pixels) Read(string path)
    {
        using SKData data = SKData.CreateCopy(InputFile.ReadAll(path, MostBytes));
        using SKCodec codec = SKCodec.Create(data) is { EncodedFormat: SKEncodedImageFormat.Png } png
            ? png
            : throw new InvalidDataException($"'{path}': is no PNG file");
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (width > MostSide || height > MostSide)
            throw new InvalidDataException($"'{path}': is {width}x{height} pixels, expected at most {MostSide} a side");
        int channels = codec.Info.ColorType == SKColorType.Gray8 ? 1 : 3;
        var info = new SKImageInfo(
            width,
            height,
            channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888,
            channels == 1 ? SKAlphaType.Opaque : SKAlphaType.Unpremul
        );
        byte[] decoded = new byte[info.BytesSize];
        SKCodecResult result;
        unsafe
        {
            fixed (byte* target = decoded)
                result = codec.GetPixels(info, (nint)target);
        }

        if (result != SKCodecResult.Success)
            throw new InvalidDataException($"'{path}': is damaged ({result})");
        return (new ImageShape(height, width, channels), channels == 1 ? decoded : [.. decoded.Where((_, i) => i % 4 != 3)]);
    }

    /// <summary>The bytes of a PNG file.</summary>
    /// <param name="shape">Of one channel or three.</param>
    /// <param name="pixels">(height, width, channels).</param>
    public static byte[] Encode(ImageShape shape, ReadOnlySpan<byte> pixels)
    {
        bool isGrey = shape.Channels == 1;
        var info = new SKImageInfo(
            shape.Width,
            shape.Height,
            isGrey ? SKColorType.Gray8 : SKColorType.Rgba8888,
            SKAlphaType.Opaque
        );
        byte[] rows = isGrey ? pixels.ToArray() : WithAlpha(pixels);
        unsafe
        {
            fixed (byte* source = rows)
            {
                using var pixmap = new SKPixmap(info, (nint)source);
                using SKData? png = pixmap.Encode(SKPngEncoderOptions.Default);
                return png?.ToArray() ?? throw new InvalidOperationException($"an image of {shape} could not be encoded");
            }
        }
    }

    private static byte[] WithAlpha(ReadOnlySpan<byte> pixels)
    {
        var result = new byte[pixels.Length / 3 * 4];
        for (int pixel = 0; pixel < pixels.Length / 3; pixel++)
        {
            pixels.Slice(3 * pixel, 3).CopyTo(result.AsSpan(4 * pixel));
            result[(4 * pixel) + 3] = byte.MaxValue;
        }

        return result;
    }
}
