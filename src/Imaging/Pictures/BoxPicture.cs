using SkiaSharp;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Pictures;

/// <summary>A rectangle on a picture; corners belong to it.</summary>
/// <param name="X1">First column.</param>
/// <param name="Y1">First row.</param>
/// <param name="X2">Last column.</param>
/// <param name="Y2">Last row.</param>
/// <param name="Class">From 0; chooses the colour.</param>
/// <param name="Caption">Written within; nothing where it is empty.</param>
public readonly record struct PictureBox(float X1, float Y1, float X2, float Y2, int Class, string Caption);

/// <summary>An image with boxes.</summary>
/// <param name="Pixels">(height, width, channels), grey or red, green and blue.</param>
/// <param name="Found">Drawn in their classes' colours.</param>
/// <param name="Known">Drawn as thin white lines.</param>
public sealed record BoxedImage(byte[] Pixels, IReadOnlyList<PictureBox> Found, IReadOnlyList<PictureBox> Known);

/// <summary>A PNG of images of one size in rows and columns, with boxes on them.</summary>
public static class BoxPicture
{
    private const int Gap = 4,
        Scale = 3;

    private const float Thick = 2.5f,
        Thin = 1,
        CaptionSize = 13;

    /// <summary>Writes it, whole or not at all.</summary>
    /// <param name="path">The PNG.</param>
    /// <param name="images">Row by row.</param>
    /// <param name="height">Of an image.</param>
    /// <param name="width">Of an image.</param>
    /// <param name="columns">Images in a row.</param>
    public static void Write(string path, IReadOnlyList<BoxedImage> images, int height, int width, int columns)
    {
        int rows = (images.Count + columns - 1) / columns,
            across = (Scale * width) + Gap,
            down = (Scale * height) + Gap;
        using var bitmap = new SKBitmap((columns * across) - Gap, (rows * down) - Gap, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using (var canvas = new SKCanvas(bitmap))
        {
            canvas.Clear(SKColors.White);
            foreach ((int i, BoxedImage image) in images.Index())
            {
                canvas.Save();
                canvas.Translate(i % columns * across, i / columns * down);
                Draw(canvas, image, height, width);
                canvas.Restore();
            }
        }

        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, quality: 100);
        AtomicFile.Write(path, png.SaveTo);
    }

    private static void Draw(SKCanvas canvas, BoxedImage image, int height, int width)
    {
        int channels = image.Pixels.Length / (height * width);
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        Span<byte> target = bitmap.GetPixelSpan();
        for (int pixel = 0; pixel < height * width; pixel++)
        {
            for (int c = 0; c < 3; c++)
                target[(4 * pixel) + c] = image.Pixels[(pixel * channels) + Math.Min(c, channels - 1)];
            target[(4 * pixel) + 3] = byte.MaxValue;
        }

        using SKImage shown = SKImage.FromBitmap(bitmap);
        canvas.DrawImage(shown, new SKRect(0, 0, Scale * width, Scale * height), new SKSamplingOptions(SKFilterMode.Nearest));
        foreach (PictureBox box in image.Known)
            Draw(canvas, box, SKColors.White, Thin);
        foreach (PictureBox box in image.Found)
            Draw(canvas, box, ClassColours.Of(box.Class + 1), Thick);
    }

    private static void Draw(SKCanvas canvas, PictureBox box, SKColor colour, float thickness)
    {
        var place = new SKRect(Scale * box.X1, Scale * box.Y1, Scale * (box.X2 + 1), Scale * (box.Y2 + 1));
        using var paint = new SKPaint
        {
            Color = colour,
            Style = SKPaintStyle.Stroke,
            StrokeWidth = thickness,
        };
        canvas.DrawRect(place, paint);
        if (box.Caption.Length == 0 || PictureFont.Create(CaptionSize) is not { } font)
            return;
        using (font)
        {
            paint.Style = SKPaintStyle.Fill;
            canvas.DrawText(box.Caption, place.Left + Thick, place.Top + CaptionSize, SKTextAlign.Left, font, paint);
        }
    }
}
