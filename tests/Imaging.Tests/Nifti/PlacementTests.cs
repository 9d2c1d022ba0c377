using UnpairedSegEngine.Imaging.Nifti;
using static UnpairedSegEngine.Imaging.Tests.Nifti.SmallNifti;

namespace UnpairedSegEngine.Imaging.Tests.Nifti;

/// <summary>
/// Where a header places its volume, and what is noted. The affines are nibabel 5.0's; the small file has voxels of 2 x 2 x 3 mm
/// in LAS from (3, -2, -1.5).
/// </summary>
public sealed class PlacementTests
{
    private const int Dim = 40,
        PixDim = 76,
        Units = 123,
        QformCode = 252,
        SformCode = 254,
        Quatern = 256,
        QOffset = 268,
        Srow = 280;

    [Test]
    public void SformWinsOverPixdimWithOneNote()
    {
        var image = Open(Bytes().With(PixDim + 4, 1.3158f).With(PixDim + 8, 1.3158f).With(PixDim + 12, 10f));
        AssertAffine(image, [-2, 0, 0, 3, 0, 2, 0, -2, 0, 0, 3, -1.5]);
        Assert.That(image.Notes, Has.Count.EqualTo(1));
        Assert.That(
            image.Notes[0],
            Does.Contain("sform and pixdim disagree").And.Contain("(2, 2, 3) mm").And.Contain("(1.3158, 1.3158, 10) mm")
        );
    }

    [TestCase(0.001f, "")]
    [TestCase(1f, "sform and qform disagree: they place a corner of the volume 1 mm apart")]
    public void SformWinsOverQformWithOneNote(float shift, string note)
    {
        var image = Open(Bytes().With(QOffset, 3f + shift));
        AssertAffine(image, [-2, 0, 0, 3, 0, 2, 0, -2, 0, 0, 3, -1.5]);
        Assert.That(
            string.Join("; ", image.Notes),
            note.Length == 0 ? Is.Empty : Does.StartWith(note).And.Not.Contain(';' + " sform")
        );
    }

    [Test]
    public void TurnedQformIsNotedInDegreesOfDistance()
    {
        // A quaternion of (0, 0, 1) turns by half a turn about the third axis: RPS instead of LAS is 6 mm off at the far corner
        // along i, 4 mm along j.
        var image = Open(Bytes().With(Quatern, 0f).With(Quatern + 4, 0f).With(Quatern + 8, 1f).With(PixDim, 1f));
        Assert.That(image.Notes.Single(), Does.StartWith("sform and qform disagree"));
    }

    [TestCase(Quatern, 3f)]
    [TestCase(Quatern + 4, float.NaN)]
    [TestCase(QOffset, float.PositiveInfinity)]
    public void UnreadableQformBesideAnSformIsNotedOnly(int at, float value)
    {
        var image = Open(Bytes().With(at, value));
        AssertAffine(image, [-2, 0, 0, 3, 0, 2, 0, -2, 0, 0, 3, -1.5]);
        Assert.That(image.Notes.Single(), Does.Contain("the qform's fields are no transform"));
    }

    [TestCase(7, 1, AffineSource.Qform, "sform_code 7 does not exist")]
    [TestCase(-1, 1, AffineSource.Qform, "sform_code -1 does not exist")]
    [TestCase(0, 6, AffineSource.Spacing, "qform_code 6 does not exist")]
    [TestCase(5, 0, AffineSource.Sform, "")]
    [TestCase(0, 0, AffineSource.Spacing, "sform_code and qform_code are 0")]
    public void CodesChooseAsInNibabel(int sform, int qform, AffineSource source, string note)
    {
        var image = Open(Bytes().With(SformCode, (short)sform).With(QformCode, (short)qform));
        Assert.That(image.Header.AffineSource, Is.EqualTo(source));
        Assert.That(string.Join("; ", image.Notes), note.Length == 0 ? Is.Empty : Does.StartWith(note));
        AssertAffine(image, [-2, 0, 0, 3, 0, 2, 0, -2, 0, 0, 3, -1.5]);
    }

    // qfac -1 turns the third axis round; other values than -1 are 1.
    [TestCase(-1f, -3)]
    [TestCase(1f, 3)]
    [TestCase(0f, 3)]
    [TestCase(-3f, 3)]
    [TestCase(0.5f, 3)]
    public void QfacTurnsTheThirdAxis(float qfac, double third)
    {
        var image = Open(Qform().With(PixDim, qfac));
        AssertAffine(image, [2, 0, 0, 3, 0, 2, 0, -2, 0, 0, third, -1.5]);
        Assert.That(string.Join("; ", image.Notes), qfac is 1 or -1 or 0 ? Is.Empty : Does.Contain("qfac"));
    }

    [Test]
    public void NegativeAndZeroSpacingsAreRepaired()
    {
        var image = Open(Qform().With(PixDim + 4, -2f).With(PixDim + 8, 0f));
        AssertAffine(image, [2, 0, 0, 3, 0, 1, 0, -2, 0, 0, 3, -1.5]);
        Assert.That(image.Notes, Is.EqualTo(["pixdim[1] is -2: taken as 2", "pixdim[2] is 0: taken as 1"]));
    }

    [TestCase(7f, 7)]
    [TestCase(0f, 1)]
    public void FlatImageOfAQformHasItsThickness(float stored, double thickness)
    {
        var image = Open(Qform().With(Dim, (short)2).With(PixDim + 12, stored));
        Assert.That(image.Geometry.ShapeText(), Is.EqualTo("4x3x1"));
        AssertAffine(image, [2, 0, 0, 3, 0, 2, 0, -2, 0, 0, thickness, -1.5]);
    }

    [Test]
    public void FlatImageOfSpacingAloneIsOneThick()
    {
        var image = Open(Qform().With(QformCode, (short)0).With(Dim, (short)2).With(PixDim + 12, 7f));
        AssertAffine(image, [-2, 0, 0, 3, 0, 2, 0, -2, 0, 0, 1, 0]);
    }

    [TestCase(5f, 5)]
    [TestCase(0f, 1)]
    public void FlatImageWithoutAThirdAxisGetsOne(float stored, double thickness)
    {
        var image = Open(Bytes().With(Dim, (short)2).With(PixDim + 12, stored).With(Srow + 40, 0f));
        AssertAffine(image, [-2, 0, 0, 3, 0, 2, 0, -2, 0, 0, thickness, -1.5]);
        Assert.That(image.Notes.Single(), Does.Contain("2D image has no third axis"));
    }

    [Test]
    public void SeriesOfOneVolumeIsAVolume()
    {
        var image = Open(Bytes().With(Dim, (short)4).With(Dim + 8, (short)1));
        Assert.That(image.Notes, Is.Empty);
        Assert.That(image.ToFloatVolume().Geometry.Matches(SmallNifti.Geometry, out var difference), difference);
    }

    [TestCase(1, "metre", 1000)]
    [TestCase(2, "mm", 1)]
    [TestCase(3, "micron", 0.001)]
    [TestCase(3 + 16, "micron", 0.001)]
    [TestCase(0, "unknown", 1)]
    [TestCase(8, "unknown", 1)]
    [TestCase(5, "unknown", 1)]
    public void UnitsOfLengthBecomeMillimetres(int code, string unit, double millimetres)
    {
        foreach (var form in new[] { Bytes(), Qform(), Qform().With(QformCode, (short)0) })
        {
            form[Units] = (byte)code;
            var image = Open(form);
            Assert.That(
                (image.Geometry.Spacing - (new Vector3d(2, 2, 3) * millimetres)).Length,
                Is.LessThan(1e-9 * millimetres),
                $"{image.Header.AffineSource}"
            );
            Assert.That(
                (image.Geometry.Affine.Origin - (new Vector3d(3, -2, -1.5) * millimetres)).Length,
                Is.LessThan(1e-6 * millimetres)
            );
            Assert.That(string.Join("; ", image.Notes), unit == "mm" ? Does.Not.Contain("xyzt") : Does.Contain("xyzt_units"));
            Assert.That(image.Header.SpatialUnit.Name(), Is.EqualTo(unit));
        }
    }

    [Test]
    public void WhatIsWrittenIsInMillimetres([Values(1, 3, 0, 2)] int code)
    {
        using var folder = new TemporaryFolder();
        var bytes = Bytes();
        bytes[Units] = (byte)(code + 16);
        File.WriteAllBytes(folder.File("a.nii"), bytes);
        var image = NiftiFile.Open(folder.File("a.nii"));
        NiftiWriter.Write(folder.File("b.nii"), image.ToFloatVolume(), new NiftiWriteOptions { Template = image.Header });
        var written = NiftiFile.Open(folder.File("b.nii"));
        Assert.That(written.Header.XyztUnits, Is.EqualTo(2 + 16), "mm, and the time unit as it was");
        Assert.That(written.Header.PixDim[3], Is.EqualTo((float)image.Geometry.Spacing.Z));
        Assert.That(written.Geometry.Matches(image.Geometry, out var difference), difference);
        Assert.That(written.Notes, Is.Empty);
    }

    [Test]
    public void ShearIsKeptAndNotedOnce()
    {
        var image = Open(Bytes().With(Srow + 24, 3f).With(PixDim + 12, (float)Math.Sqrt(18)));
        AssertAffine(image, [-2, 0, 0, 3, 0, 2, 3, -2, 0, 0, 3, -1.5]);
        Assert.That(image.Notes.Single(), Does.StartWith("the axes are sheared by 45 degrees"));
    }

    [Test]
    public void WrittenShearIsReadBackWithTheSameNote()
    {
        using var folder = new TemporaryFolder();
        var sheared = new Geometry(4, 3, 2, SmallNifti.Geometry.Affine with { K = new(0, 1, 3) });
        NiftiWriter.Write(folder.File("a.nii"), new Volume<byte>(sheared));
        var image = NiftiFile.Open(folder.File("a.nii"));
        Assert.That(image.Geometry.Matches(sheared, out var difference, 1e-6, 1e-6), difference);
        Assert.That(image.Notes.Single(), Does.StartWith("the axes are sheared by 18.43 degrees"));
    }

    // Fields, and what is refused of them: beyond these, arithmetic and memory would run away.
    [TestCase(Srow, 1e10f, "srow_x/y/z is a spacing of")]
    [TestCase(Srow, 20_000f, "srow_x/y/z is a spacing of (20000, 2, 3) mm")]
    [TestCase(Srow, -1e-7f, "srow_x/y/z is a spacing of")]
    [TestCase(Srow, 1e-45f, "srow_x/y/z is a spacing of")]
    [TestCase(Srow + 12, 1e30f, "srow_x/y/z[3] is (1E+30")]
    [TestCase(Srow + 16, 1e38f, "srow_x/y/z is singular")]
    public void ImpossibleSformIsRefusedByField(int at, float value, string message) =>
        AssertRefused(Bytes().With(at, value), message);

    [TestCase(PixDim + 4, 1e10f, "pixdim is a spacing of")]
    [TestCase(PixDim + 12, 20_000f, "pixdim is a spacing of (2, 2, 20000) mm")]
    [TestCase(PixDim + 8, 1e-30f, "pixdim is a spacing of")]
    [TestCase(QOffset, -1e38f, "qoffset_x/y/z is (-1E+38")]
    public void ImpossibleQformIsRefusedByField(int at, float value, string message) =>
        AssertRefused(Qform().With(at, value), message);

    [Test]
    public void SpacingIsBoundedInMillimetres()
    {
        var metres = Bytes().With(Srow, -20f);
        metres[Units] = 1;
        AssertRefused(metres, "(20000, 2000, 3000) mm, expected 1E-06 to 10000 mm");
    }

    private static void AssertRefused(byte[] bytes, string message)
    {
        var error = Assert.Throws<InvalidDataException>(() => Open(bytes));
        Assert.That(error.Message, Does.Contain("a.nii").And.Contain(message));
    }

    private static NiftiImage Open(byte[] bytes)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.nii"), bytes);
        return NiftiFile.Open(folder.File("a.nii"));
    }

    /// <summary>Placed by its qform alone, without a turn: RAS.</summary>
    private static byte[] Qform() =>
        Bytes().With(SformCode, (short)0).With(PixDim, 1f).With(Quatern, 0f).With(Quatern + 4, 0f).With(Quatern + 8, 0f);

    private static void AssertAffine(NiftiImage image, double[] rows) =>
        Assert.That(image.Geometry.Affine.ToRows().SelectMany(row => row), Is.EqualTo(rows).Within(1e-6));
}
