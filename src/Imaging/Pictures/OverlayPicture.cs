using SkiaSharp;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Pictures;

/// <summary>
/// A PNG with one row per case and the columns image, other images of the same slice, reference, prediction; captions and a
/// legend where the machine has a font.
/// </summary>
public static class OverlayPicture
{
    private const int Gap = 6;
    private const int TextHeight = 20;
    private const int FontSize = 13;

    private static readonly SKColor Paper = new(0x18, 0x18, 0x18);

    /// <param name="path">The PNG; written whole or not at all.</param>
    /// <param name="classNames">Names of the classes 1, 2, ... for the legend.</param>
    /// <param name="panelWidth">Pixels of one panel.</param>
    /// <exception cref="ArgumentException">No rows, or labels on another grid than their image.</exception>
    public static void Write(string path, IReadOnlyList<OverlayRow> rows, IReadOnlyList<string> classNames, int panelWidth = 288)
    {
        byte[] png = Render(rows, classNames, panelWidth);
        AtomicFile.Write(path, stream => stream.Write(png));
    }

    /// <summary>The picture as the bytes of a PNG.</summary>
    /// <param name="classNames">Names of the classes 1, 2, ... for the legend.</param>
    /// <param name="panelWidth">Pixels of one panel.</param>
    /// <exception cref="ArgumentException">No rows, or labels on another grid than their image.</exception>
    public static byte[] Render(IReadOnlyList<OverlayRow> rows, IReadOnlyList<string> classNames, int panelWidth = 288)
    {
        ArgumentNullException.ThrowIfNull(rows);
        ArgumentNullException.ThrowIfNull(classNames);
        if (rows.Count == 0)
            throw new ArgumentException("a picture needs at least one row", nameof(rows));
        var panels = rows.Select(row => new SlicePanel(row, panelWidth)).ToArray();
        var hasPrediction = rows.Any(row => row.Prediction is not null);
        var columns = 2 + rows.Max(row => row.Others.Count) + (hasPrediction ? 1 : 0);
        var width = Gap + (columns * (panelWidth + Gap));
        var height = panels.Sum(panel => TextHeight + panel.Height + Gap) + TextHeight + Gap;
        using var bitmap = new SKBitmap(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        using var canvas = new SKCanvas(bitmap);
        using var font = PictureFont.Create(FontSize);
        canvas.Clear(Paper);
        var top = 0;
        foreach (var (row, panel) in rows.Zip(panels))
        {
            DrawRow(canvas, font, row, panel, top, hasPrediction);
            top += TextHeight + panel.Height + Gap;
        }

        DrawLegend(canvas, font, classNames, top);
        using var png = bitmap.Encode(SKEncodedImageFormat.Png, quality: 100);
        return png.ToArray();
    }

    private static void DrawRow(SKCanvas canvas, SKFont? font, OverlayRow row, SlicePanel panel, int top, bool hasPrediction)
    {
        var left = Gap;
        Place(panel.Plain(), panel.Caption);
        foreach (var (caption, image) in row.Others)
            Place(panel.Other(image).Plain(), caption);
        Place(panel.WithReference(), row.Reference is null ? "no reference" : "reference");
        if (hasPrediction)
            Place(panel.WithPrediction(), row.Prediction is null ? "no prediction" : "prediction (white: reference)");

        void Place(SKBitmap picture, string caption)
        {
            using (picture)
            {
                canvas.DrawBitmap(picture, left, top + TextHeight, SKSamplingOptions.Default);
                DrawText(canvas, font, caption, left, top);
                left += panel.Width + Gap;
            }
        }
    }

    private static void DrawLegend(SKCanvas canvas, SKFont? font, IReadOnlyList<string> classNames, int top)
    {
        if (font is null)
            return;
        float left = Gap;
        for (var i = 0; i < classNames.Count; i++)
        {
            using var fill = new SKPaint { Color = ClassColours.Of(i + 1) };
            canvas.DrawRect(left, top + 5, 12, 12, fill);
            DrawText(canvas, font, classNames[i], left + 17, top);
            left += 17 + font.MeasureText(classNames[i]) + 16;
        }
    }

    private static void DrawText(SKCanvas canvas, SKFont? font, string text, float left, float top)
    {
        if (font is null)
            return;
        using var ink = new SKPaint { Color = SKColors.White, IsAntialias = true };
        canvas.DrawText(text, left, top + TextHeight - 5, SKTextAlign.Left, font, ink);
    }
}
