using SkiaSharp;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Imaging.Pictures;

namespace UnpairedSegEngine.Imaging.Tests.Pictures;

public sealed class OverlayPictureTests
{
    [Test]
    public void RowPerModalityWithThreePanels()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("overlay.png");
        OverlayRow[] rows = [Row(PhantomModality.CT), Row(PhantomModality.MR)];
        OverlayPicture.Write(path, rows, PhantomGenerator.LabelNames(PhantomAnatomy.Abdomen), panelWidth: 100);

        using var picture = SKBitmap.Decode(path);
        Assert.That(picture.Width, Is.EqualTo(6 + (3 * 106)));
        Assert.That(picture.Height, Is.EqualTo((2 * (20 + 100 + 6)) + 26));
        Assert.That(Coloured(picture, column: 0), Is.Zero, "the image panel is grey");
        Assert.That(Coloured(picture, column: 1), Is.GreaterThan(200), "the reference is coloured");
        Assert.That(Coloured(picture, column: 2), Is.GreaterThan(200), "the prediction is coloured");
    }

    [Test]
    public void OtherImagesStandBesideTheFirst()
    {
        var row = Row(PhantomModality.CT);
        var black = row.Image.Map(_ => 0f);
        using var picture = SKBitmap.Decode(
            OverlayPicture.Render(
                [row with { Others = [("empty", black), ("the same", row.Image)] }, Row(PhantomModality.MR)],
                ["liver"],
                panelWidth: 100
            )
        );
        Assert.That(picture.Width, Is.EqualTo(6 + (5 * 106)));
        Assert.That(Panel(1).Max(pixel => pixel.Red), Is.Zero);
        Assert.That(Panel(2), Is.EqualTo(Panel(0)));
        Assert.That(Coloured(picture, column: 3), Is.GreaterThan(200), "the reference");

        SKColor[] Panel(int column) =>
            [
                .. from y in Enumerable.Range(20, 100)
                from x in Enumerable.Range(6 + (column * 106), 100)
                select picture.GetPixel(x, y),
            ];
    }

    [Test]
    public void CaptionsAreDrawnWhereAFontExists()
    {
        using var font = PictureFont.Create(13);
        if (font is null)
            Assert.Ignore("no font on this machine");
        using var folder = new TemporaryFolder();
        OverlayPicture.Write(folder.File("a.png"), [Row(PhantomModality.CT)], ["liver"], panelWidth: 100);
        using var picture = SKBitmap.Decode(folder.File("a.png"));
        var bright = Enumerable.Range(6, 100).Sum(x => Enumerable.Range(0, 20).Count(y => picture.GetPixel(x, y).Red > 150));
        Assert.That(bright, Is.GreaterThan(20));
    }

    [TestCase("LAS")]
    [TestCase("RPI")]
    [TestCase("SAL")]
    public void PatientsRightIsOnTheLeftAndAnteriorUpWhateverTheStorage(string frame)
    {
        var geometry = new Geometry(20, 20, 3, Affine.Diagonal(new(-1, 1, 1), new(19, 0, 0)));
        var labels = new Volume<byte>(geometry);
        // LAS: low x is the patient's right, high y is anterior.
        labels[2, 17, 1] = 1;
        var image = labels.Map(_ => 0f);
        var panel = new SlicePanel(
            new OverlayRow("", Orientation.Reorient(image, frame), Orientation.Reorient(labels, frame), null),
            20
        );
        using var picture = panel.WithReference();
        Assert.That(panel.Slice, Is.EqualTo(1));
        Assert.That(picture.GetPixel(2, 2).Red, Is.GreaterThan(100));
        Assert.That(picture.GetPixel(17, 17).Red, Is.Zero);
    }

    [Test]
    public void ForeignGridIsRefused()
    {
        var row = Row(PhantomModality.CT);
        var other = new Volume<byte>(Resampling.Resize(row.Image.Geometry, 32, 32, 8));
        Assert.That(
            () => OverlayPicture.Write("never.png", [row with { Prediction = other }], []),
            Throws.ArgumentException.With.Message.Contains("32x32x8")
        );
    }

    private static OverlayRow Row(PhantomModality modality)
    {
        var phantom = PhantomGenerator.Create(PhantomAnatomy.Abdomen, modality, subject: 0, seed: 1, size: 64, slices: 8);
        return new OverlayRow(modality.ToString(), phantom.Image.Map(v => (float)v), phantom.Labels, phantom.Labels);
    }

    private static int Coloured(SKBitmap picture, int column)
    {
        var left = 6 + (column * 106);
        return Enumerable
            .Range(left, 100)
            .Sum(x => Enumerable.Range(20, 100).Count(y => picture.GetPixel(x, y) is var p && Math.Abs(p.Red - p.Blue) > 20));
    }
}
