using System.Globalization;
using SkiaSharp;

namespace UnpairedSegEngine.Imaging.Pictures;

/// <summary>
/// One axial slice as a radiologist sees it: anterior up, the patient's right on the left, square millimetres.
/// </summary>
internal sealed class SlicePanel
{
    private const string RadiologicalFrame = "LPS";
    private const double FillOpacity = 0.45;

    private readonly OverlayRow row;
    private readonly Volume<float> image;
    private readonly Volume<byte>? reference;
    private readonly Volume<byte>? prediction;
    private readonly GreyWindow window;

    /// <param name="width">Pixels; the height follows from the millimetres.</param>
    public SlicePanel(OverlayRow row, int width)
    {
        this.row = row;
        var labels = row.Reference ?? row.Prediction;
        var slice =
            row.Slice
            ?? (labels is null ? row.Image.Geometry.Z / 2 : FullestSlice(Orientation.Reorient(labels, RadiologicalFrame)));
        var whole = Orientation.Reorient(row.Image, RadiologicalFrame);
        if (slice < 0 || slice >= whole.Geometry.Z)
            throw new ArgumentException($"slice {slice} of a volume with {whole.Geometry.Z} slices");
        var flat = Cut(whole, slice);
        var spacing = flat.Geometry.Spacing;
        Height = Math.Max(1, (int)Math.Round(width * (flat.Geometry.Y * spacing.Y) / (flat.Geometry.X * spacing.X)));
        var grid = Resampling.Resize(flat.Geometry, width, Height, 1);
        image = Resampling.Linear(flat, grid);
        reference = Labels(row, row.Reference, slice, grid);
        prediction = Labels(row, row.Prediction, slice, grid);
        window = row.Window ?? GreyWindow.For(row.Image);
        Width = width;
        Slice = slice;
        Caption =
            whole.Geometry.Z == 1 ? row.Caption : string.Create(CultureInfo.InvariantCulture, $"{row.Caption}, slice {slice}");
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Counted from the feet.</summary>
    public int Slice { get; }

    /// <summary>The row's caption; of several slices also which one it is.</summary>
    public string Caption { get; }

    /// <summary>The same slice of another image.</summary>
    public SlicePanel Other(Volume<float> other) => new(new OverlayRow(row.Caption, other, null, null) { Slice = Slice }, Width);

    /// <summary>The image alone.</summary>
    public SKBitmap Plain() => Render(null, null);

    /// <summary>The reference, filled and outlined.</summary>
    public SKBitmap WithReference() => Render(reference, null);

    /// <summary>The prediction, filled, with the reference's outline in white.</summary>
    public SKBitmap WithPrediction() => Render(prediction, reference);

    private static Volume<byte>? Labels(OverlayRow row, Volume<byte>? labels, int slice, Geometry grid)
    {
        if (labels is null)
            return null;
        if (!labels.Geometry.SameShape(row.Image.Geometry))
            throw new ArgumentException(
                $"{row.Caption}: labels of {labels.Geometry.ShapeText()} over an image of {row.Image.Geometry.ShapeText()}"
            );
        return new Volume<byte>(
            grid,
            Resampling.Nearest(Cut(Orientation.Reorient(labels, RadiologicalFrame), slice), grid).Voxels
        );
    }

    /// <summary>The slice that shows the most classes, and among those the most labelled voxels.</summary>
    private static int FullestSlice(Volume<byte> labels) =>
        Enumerable
            .Range(0, labels.Geometry.Z)
            .MaxBy(z =>
            {
                var labelled = labels.Slice(z).ToArray().Where(label => label != 0).ToArray();
                return (labelled.Distinct().Count(), labelled.Length);
            });

    private static Volume<T> Cut<T>(Volume<T> volume, int slice)
        where T : unmanaged
    {
        var affine = volume.Geometry.Affine;
        var flat = new Geometry(volume.Geometry.X, volume.Geometry.Y, 1, affine with { Origin = affine.Apply(0, 0, slice) });
        return new Volume<T>(flat, volume.Slice(slice).ToArray());
    }

    private SKBitmap Render(Volume<byte>? filled, Volume<byte>? outlined)
    {
        var bitmap = new SKBitmap(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                var grey = window.Grey(image[x, y, 0]);
                var colour = new SKColor(grey, grey, grey);
                if (filled is not null && filled[x, y, 0] is not 0 and var label)
                    colour = Mix(colour, ClassColours.Of(label), outlined is null && IsBorder(filled, x, y) ? 1 : FillOpacity);
                if (outlined is not null && outlined[x, y, 0] != 0 && IsBorder(outlined, x, y))
                    colour = SKColors.White;
                bitmap.SetPixel(x, y, colour);
            }
        }

        return bitmap;
    }

    private bool IsBorder(Volume<byte> labels, int x, int y)
    {
        var label = labels[x, y, 0];
        return (x > 0 && labels[x - 1, y, 0] != label)
            || (x < Width - 1 && labels[x + 1, y, 0] != label)
            || (y > 0 && labels[x, y - 1, 0] != label)
            || (y < Height - 1 && labels[x, y + 1, 0] != label);
    }

    private static SKColor Mix(SKColor under, SKColor over, double opacity)
    {
        byte Channel(byte a, byte b) => (byte)Math.Round(a + ((b - a) * opacity));
        return new SKColor(Channel(under.Red, over.Red), Channel(under.Green, over.Green), Channel(under.Blue, over.Blue));
    }
}
