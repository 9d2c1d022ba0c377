using SkiaSharp;
using UnpairedSegEngine.Imaging.Formats;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Tests.Formats;

/// <summary>Folders of PNG slices that other software wrote, and damaged ones.</summary>
[TestFixture]
public class PngStackTests
{
    private static readonly Vector3d Spacing = new(0.5, 0.75, 3);

    private TemporaryFolder folder = null!;

    [SetUp]
    public void CreateFolder() => folder = new TemporaryFolder();

    [TearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void SlicesOfSkia_AreReadInTheOrderOfTheirNumbers([Values(1, 9, 10, 11)] int last)
    {
        for (int z = 1; z <= last; z++)
            Write($"slice_{z}.png", SKColorType.Gray8, 5, 4, (x, y) => [(byte)((10 * z) + x + y)]);
        File.WriteAllText(folder.File("readme.txt"), "");
        File.WriteAllText(folder.File("._slice_1.png"), "");
        NiftiImage image = PngStack.Open(folder.Path, Spacing);
        Assert.That(image.Geometry.ToString(), Is.EqualTo($"5x4x{last} LPS at (0.5, 0.75, 3) mm"));
        Assert.That(image.Header.DataType, Is.EqualTo(NiftiDataType.UInt8));
        Volume<byte> voxels = image.ToLabelVolume();
        for (int z = 0; z < last; z++)
            Assert.That(voxels[3, 2, z], Is.EqualTo((10 * (z + 1)) + 5));
        Assert.That(image.Notes, Has.One.Contains("from feet to head"));
        Assert.That(image.Notes, Has.Count.EqualTo(1), "no gaps");
    }

    [Test]
    public void LargerSlices_UseEveryFilter()
    {
        // Photograph-like values make encoders choose among all five filters.
        var random = new Random(1);
        byte[] noise = new byte[64 * 64];
        random.NextBytes(noise);
        byte Value(int x, int y) => (byte)((x * y / 9) + (Math.Sin(x / 5.0) * 20) + (y > 40 ? noise[(y * 64) + x] : 0));
        foreach (SKPngEncoderFilterFlags filter in Enum.GetValues<SKPngEncoderFilterFlags>())
        {
            Write("1.png", SKColorType.Gray8, 64, 64, (x, y) => [Value(x, y)], filter);
            Volume<byte> voxels = PngStack.Open(folder.Path, Spacing).ToLabelVolume();
            for (int i = 0; i < voxels.Voxels.Length; i++)
                Assert.That(voxels.Voxels[i], Is.EqualTo(Value(i % 64, i / 64)), $"{filter}, voxel {i}");
        }
    }

    [Test]
    public void GreyColours_AreGrey_AndOthersAreRefused()
    {
        Write("1.png", SKColorType.Rgba8888, 3, 2, (x, y) => [(byte)(x + y), (byte)(x + y), (byte)(x + y), 255]);
        Assert.That(PngStack.Open(folder.Path, Spacing).StoredVoxels, Is.EqualTo(new byte[] { 0, 1, 2, 1, 2, 3 }));
        Write("1.png", SKColorType.Rgba8888, 3, 2, (x, _) => [(byte)x, 0, 0, 255]);
        AssertRefused("has colours, such as in row 0, column 1");
    }

    /// <summary>Made of chunks by Python's zlib and struct: 16 bits, a palette with 2 bits, and one bit.</summary>
    [TestCase(
        "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACEAAAAADoj+WFAAAAFklEQVR4nGNgYGRi/P+fQYCBgZP7PwASuQMmysAriQAAAABJRU5ErkJggg==",
        NiftiDataType.UInt16,
        new double[] { 1, 513, 65535, 4096, 9, 3071 }
    )]
    [TestCase(
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAACAgMAAADtBP7OAAAADFBMVEUAAAD/AAAA/wAAAP+bwBPcAAAADklEQVR4nGOQdmB40gAAA9UBwKFHnN4AAAAASUVORK5CYII=",
        NiftiDataType.UInt8,
        new double[] { 0, 1, 2, 3, 1, 3, 2, 1, 0, 2 }
    )]
    [TestCase(
        "iVBORw0KGgoAAAANSUhEUgAAAAkAAAACAQAAAACiLct+AAAADklEQVR4nGPY2MDgxwAABhcBgIRTM1sAAAAASUVORK5CYII=",
        NiftiDataType.UInt8,
        new double[] { 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0 }
    )]
    public void SamplesOfOtherSizes_AreKeptAsStored(string base64, NiftiDataType type, double[] values)
    {
        File.WriteAllBytes(folder.File("1.png"), Convert.FromBase64String(base64));
        NiftiImage image = PngStack.Open(folder.Path, Spacing);
        Assert.That(image.Header.DataType, Is.EqualTo(type));
        Assert.That(image.ToScaledDoubles(), Is.EqualTo(values));
    }

    [Test]
    public void MissingAndDifferentSlices_AreSeen()
    {
        foreach (int z in new[] { 1, 2, 4 })
            Write($"{z}.png", SKColorType.Gray8, 4, 4, (_, _) => [1]);
        Assert.That(PngStack.Open(folder.Path, Spacing).Notes, Has.One.Contains("from 1 to 4 in 3 files: is one missing?"));
        Write("5.png", SKColorType.Gray8, 4, 5, (_, _) => [1]);
        AssertRefused("5.png': is 4x5 pixels, but the first slice 4x4");
    }

    [Test]
    public void DamagedFiles_AreRefused()
    {
        Write("1.png", SKColorType.Gray8, 4, 4, (x, y) => [(byte)(x * y)]);
        byte[] whole = File.ReadAllBytes(folder.File("1.png"));
        File.WriteAllBytes(folder.File("1.png"), whole[..^20]);
        AssertRefused("1.png': is cut after");
        byte[] flipped = [.. whole];
        flipped[20] ^= 1;
        File.WriteAllBytes(folder.File("1.png"), flipped);
        AssertRefused("1.png': is damaged at byte 8");
        File.WriteAllText(folder.File("1.png"), "no picture");
        AssertRefused("1.png': is no PNG file");
        File.Delete(folder.File("1.png"));
        AssertRefused("has no PNG files");
    }

    private void AssertRefused(string message) =>
        Assert.That(
            () => PngStack.Open(folder.Path, Spacing),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(message).And.Message.Not.Contains('\n')
        );

    private void Write(
        string name,
        SKColorType type,
        int width,
        int height,
        Func<int, int, byte[]> pixel,
        SKPngEncoderFilterFlags filter = SKPngEncoderFilterFlags.AllFilters
    )
    {
        byte[] pixels = [.. Enumerable.Range(0, width * height).SelectMany(i => pixel(i % width, i / width))];
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, type, SKAlphaType.Opaque));
        System.Runtime.InteropServices.Marshal.Copy(pixels, 0, bitmap.GetPixels(), pixels.Length);
        using SKPixmap pixmap = bitmap.PeekPixels()!;
        using SKData data = pixmap.Encode(new SKPngEncoderOptions(filter, 6))!;
        File.WriteAllBytes(folder.File(name), data.ToArray());
    }
}
