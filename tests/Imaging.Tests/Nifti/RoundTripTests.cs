using System.Runtime.InteropServices;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Tests.Nifti;

public sealed class RoundTripTests
{
    private static readonly string[] Names = ["a.nii", "a.nii.gz", "a.hdr", "a.img", "a.hdr.gz"];

    [Test]
    public void EveryTypeOrderVersionAndContainer()
    {
        foreach (var name in Names)
        {
            foreach (var (version, bigEndian) in new[] { (1, false), (1, true), (2, false), (2, true) })
            {
                var options = new NiftiWriteOptions { Version = version, BigEndian = bigEndian };
                Check(name, options, v => (byte)v);
                Check(name, options, v => (sbyte)v);
                Check(name, options, v => (short)(v * -300));
                Check(name, options, v => (ushort)(v * 600));
                Check(name, options, v => v * -100_000_000);
                Check(name, options, v => (uint)v * 200_000_000u);
                Check(name, options, v => (long)v << 50);
                Check(name, options, v => (ulong)v << 58);
                Check(name, options, v => v == 3 ? float.NaN : v / 7f);
                Check(name, options, v => v / 7.0);
            }
        }
    }

    [Test]
    public void ObliqueAffineSurvivesAsSformAndAsQform([Values(1, 2)] int version, [Values(-1, 1)] int handedness)
    {
        var affine = Oblique(handedness);
        using var folder = new TemporaryFolder();
        var volume = new Volume<byte>(new Geometry(5, 6, 7, affine));
        NiftiWriter.Write(folder.File("a.nii"), volume, new NiftiWriteOptions { Version = version });
        AssertSame(NiftiFile.Open(folder.File("a.nii")).Geometry.Affine, affine, 1e-5);

        var bytes = File.ReadAllBytes(folder.File("a.nii"));
        bytes[version == 1 ? 254 : 348] = 0;
        File.WriteAllBytes(folder.File("q.nii"), bytes);
        var qform = NiftiFile.Open(folder.File("q.nii"));
        Assert.That(qform.Header.AffineSource, Is.EqualTo(AffineSource.Qform));
        AssertSame(qform.Geometry.Affine, affine, version == 1 ? 1e-5 : 1e-12);
    }

    [Test]
    public void TemplateKeepsWhatDescribesTheScan()
    {
        using var folder = new TemporaryFolder();
        var bytes = SmallNifti.Bytes().WithText(148, "made by hand").With(252, (short)2).With(112, 3f);
        File.WriteAllBytes(folder.File("a.nii"), bytes);
        var image = NiftiFile.Open(folder.File("a.nii"));
        NiftiWriter.Write(
            folder.File("b.nii"),
            new Volume<byte>(image.Geometry),
            new NiftiWriteOptions { Template = image.Header }
        );
        var written = NiftiFile.Open(folder.File("b.nii")).Header;
        Assert.That(written.Descrip, Is.EqualTo("made by hand"));
        Assert.That(written.QformCode, Is.EqualTo(2));
        Assert.That((written.DataType, written.BitPix, written.SclSlope), Is.EqualTo((NiftiDataType.UInt8, 8, 1.0)));
    }

    [Test]
    public void ExtensionsSurvive([Values] bool bigEndian)
    {
        using var folder = new TemporaryFolder();
        NiftiExtension[] extensions = [new(6, "a comment"u8.ToArray()), new(4, new byte[24])];
        NiftiWriter.Write(
            folder.File("a.nii.gz"),
            new Volume<byte>(SmallNifti.Geometry),
            new NiftiWriteOptions { Extensions = extensions, BigEndian = bigEndian }
        );
        var read = NiftiFile.Open(folder.File("a.nii.gz")).Extensions;
        Assert.That(read.Select(e => (e.Code, e.StoredBytes)), Is.EqualTo([(6, 32), (4, 32)]));
        Assert.That(read[0].Content[..9], Is.EqualTo("a comment"u8.ToArray()));
    }

    [TestCase(2.5f)]
    [TestCase(-1f)]
    [TestCase(256f)]
    [TestCase(float.NaN)]
    public void ImpossibleLabelIsNamed(float value)
    {
        using var folder = new TemporaryFolder();
        var volume = new Volume<float>(SmallNifti.Geometry);
        volume[1, 2, 1] = value;
        NiftiWriter.Write(folder.File("labels.nii"), volume);
        var error = Assert.Throws<InvalidDataException>(() => NiftiFile.Open(folder.File("labels.nii")).ToLabelVolume());
        Assert.That(
            error.Message,
            Does.Contain("labels.nii").And.Contain(value.ToString(System.Globalization.CultureInfo.InvariantCulture))
        );
    }

    [Test]
    public void LabelsMayBeStoredAsFloats()
    {
        using var folder = new TemporaryFolder();
        var volume = new Volume<float>(SmallNifti.Geometry);
        volume[1, 2, 1] = 4;
        NiftiWriter.Write(folder.File("labels.nii"), volume);
        Assert.That(NiftiFile.Open(folder.File("labels.nii")).ToLabelVolume()[1, 2, 1], Is.EqualTo(4));
    }

    [Test]
    public void SeriesIsNoVolume()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.nii"), SmallNifti.Bytes().With(40, (short)4).With(46, (short)1).With(48, (short)2));
        Assert.That(
            () => NiftiFile.Open(folder.File("a.nii")).ToFloatVolume(),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("4x3x1x2")
        );
    }

    [Test]
    public void AnalyzePairIsReadUnscaledAndLeftward()
    {
        using var folder = new TemporaryFolder();
        NiftiWriter.Write(
            folder.File("a.hdr"),
            new Volume<short>(SmallNifti.Geometry, [.. Enumerable.Range(0, 24).Select(i => (short)i)])
        );
        var header = File.ReadAllBytes(folder.File("a.hdr"));
        File.WriteAllBytes(folder.File("a.hdr"), header[..348].WithText(344, "\0\0\0").With(112, 5f).With(254, (short)1));
        var image = NiftiFile.Open(folder.File("a.img"));
        Assert.That(image.Header.IsAnalyze);
        Assert.That(image.Notes.Single(), Does.Contain("Analyze"));
        Assert.That(image.ToFloatVolume().Voxels, Is.EqualTo(Enumerable.Range(0, 24)));
        AssertSame(image.Geometry.Affine, Affine.Diagonal(new(-2, 2, 3), new(3, -2, -1.5)), 1e-9);
    }

    [Test]
    public void FailedWriteKeepsTheOldFile()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("a.nii"), "old");
        Assert.That(
            () => AtomicFile.Write(folder.File("a.nii"), _ => throw new IOException("disk full")),
            Throws.TypeOf<IOException>()
        );
        Assert.That(File.ReadAllText(folder.File("a.nii")), Is.EqualTo("old"));
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.EqualTo(1));
    }

    [Test]
    public void OtherEndingIsRefused() =>
        Assert.That(
            () => NiftiWriter.Write("a.mha", new Volume<byte>(SmallNifti.Geometry)),
            Throws.ArgumentException.With.Message.Contains("a.mha")
        );

    [Test]
    public void SizesBeyondNifti1AskForVersion2()
    {
        using var folder = new TemporaryFolder();
        var volume = new Volume<byte>(new Geometry(40_000, 1, 1, SmallNifti.Geometry.Affine));
        Assert.That(
            () => NiftiWriter.Write(folder.File("a.nii"), volume),
            Throws.ArgumentException.With.Message.Contains("version 2")
        );
        NiftiWriter.Write(folder.File("a.nii"), volume, new NiftiWriteOptions { Version = 2 });
        Assert.That(NiftiFile.Open(folder.File("a.nii")).Geometry.X, Is.EqualTo(40_000));
    }

    private static void Check<T>(string name, NiftiWriteOptions options, Func<int, T> value)
        where T : unmanaged
    {
        using var folder = new TemporaryFolder();
        var volume = new Volume<T>(SmallNifti.Geometry, [.. Enumerable.Range(0, SmallNifti.Geometry.VoxelCount).Select(value)]);
        NiftiWriter.Write(folder.File(name), volume, options);
        var image = NiftiFile.Open(folder.File(name));
        var what = $"{typeof(T).Name} {name} {options}";
        Assert.That((image.Header.Version, image.Header.BigEndian), Is.EqualTo((options.Version, options.BigEndian)), what);
        Assert.That(MemoryMarshal.Cast<byte, T>(image.StoredVoxels).ToArray(), Is.EqualTo(volume.Voxels), what);
        Assert.That(image.ToScaledDoubles()[5], Is.EqualTo(Convert.ToDouble(volume.Voxels[5])), what);
        Assert.That(image.Geometry.Matches(SmallNifti.Geometry, out var difference), difference);
        Assert.That(Directory.GetFiles(folder.Path, "*.partial"), Is.Empty);
    }

    private static Affine Oblique(int handedness)
    {
        var (sin, cos) = Math.SinCos(0.4);
        var (sin2, cos2) = Math.SinCos(-1.1);
        return new Affine(
            new Vector3d(cos, sin * cos2, sin * sin2) * 0.7,
            new Vector3d(-sin, cos * cos2, cos * sin2) * 1.3,
            new Vector3d(0, -sin2, cos2) * (2.1 * handedness),
            new(11, -22, 33)
        );
    }

    private static void AssertSame(Affine actual, Affine expected, double tolerance)
    {
        for (var column = 0; column < 4; column++)
            Assert.That((actual.Column(column) - expected.Column(column)).Length, Is.LessThan(tolerance), $"column {column}");
    }
}
