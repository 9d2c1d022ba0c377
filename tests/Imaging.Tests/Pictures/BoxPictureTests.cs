using SkiaSharp;
using UnpairedSegEngine.Imaging.Pictures;

namespace UnpairedSegEngine.Imaging.Tests.Pictures;

public sealed class BoxPictureTests
{
    /// <summary>Three images of 8x6 in rows of two: grey, red, green and blue, and one without boxes.</summary>
    [Test]
    public void Boxes_are_drawn_on_images_in_rows()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("boxes.png");
        byte[] grey = [.. Enumerable.Repeat((byte)40, 48)],
            red = [.. Enumerable.Repeat(new byte[] { 200, 10, 10 }, 48).SelectMany(pixel => pixel)];
        var found = new PictureBox(1, 1, 4, 4, 0, "");
        BoxPicture.Write(
            path,
            [new(grey, [found], []), new(red, [], [found]), new(grey, [], [])],
            height: 6,
            width: 8,
            columns: 2
        );

        using var picture = SKBitmap.Decode(path);
        Assert.That((picture.Width, picture.Height), Is.EqualTo((24 + 4 + 24, 18 + 4 + 18)));
        Assert.That(picture.GetPixel(3, 9), Is.EqualTo(ClassColours.Of(1)), "the left side of the box");
        Assert.That(picture.GetPixel(9, 9), Is.EqualTo(new SKColor(40, 40, 40)), "its middle");
        Assert.That(picture.GetPixel(28 + 20, 9), Is.EqualTo(new SKColor(200, 10, 10)));
        Assert.That(picture.GetPixel(28 + 3, 9).Green, Is.GreaterThan(60), "a white line on red");
        Assert.That(picture.GetPixel(12, 22 + 9), Is.EqualTo(new SKColor(40, 40, 40)), "the second row");
        Assert.That(picture.GetPixel(26, 9), Is.EqualTo(SKColors.White), "between images");
    }
}
