using System.Text.Json;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Imaging.Tests.Nifti;

namespace UnpairedSegEngine.Imaging.Tests;

public sealed class InspectionTests
{
    [Test]
    public void TellsWhatTheFileHolds()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.nii"), SmallNifti.Bytes(bigEndian: true));
        var inspection = Inspection.Of(folder.File("a.nii"));
        Assert.That((inspection.Format, inspection.Endian, inspection.DataType), Is.EqualTo(("NIfTI-1", "big", "int16")));
        Assert.That(inspection.Shape, Is.EqualTo([4, 3, 2]));
        Assert.That((inspection.Orientation, inspection.AffineSource), Is.EqualTo(("LAS", "sform")));
        Assert.That(inspection.Spacing, Is.EqualTo([2, 2, 3]));
        Assert.That((inspection.Units, inspection.StoredUnits), Is.EqualTo(("mm", "mm")));
        Assert.That((inspection.Minimum, inspection.Maximum, inspection.Mean), Is.EqualTo((-5, 18, 6.5)));

        File.WriteAllBytes(folder.File("b.nii"), SmallNifti.Bytes(version: 2));
        var other = Inspection.Of(folder.File("b.nii"));
        Assert.That(
            (other.StoredSha256, other.ScaledSha256),
            Is.EqualTo((inspection.StoredSha256, inspection.ScaledSha256)),
            "byte order and version do not matter"
        );
    }

    [Test]
    public void MicronsAreShownInMillimetresAndSaid()
    {
        using var folder = new TemporaryFolder();
        var bytes = SmallNifti.Bytes();
        bytes[123] = 3;
        File.WriteAllBytes(folder.File("a.nii"), bytes);
        var inspection = Inspection.Of(folder.File("a.nii"));
        Assert.That(inspection.Spacing, Is.EqualTo([0.002, 0.002, 0.003]).Within(1e-12));
        Assert.That((inspection.Units, inspection.StoredUnits), Is.EqualTo(("mm", "micron")));
        Assert.That(inspection.Notes.Single(), Does.Contain("micron"));
        Assert.That(
            JsonSerializer.Serialize(inspection),
            Does.Contain("\"Units\":\"mm\"").And.Contain("\"StoredUnits\":\"micron\"")
        );
    }

    [Test]
    public void NonFiniteVoxelsAreCountedAndSerialisable()
    {
        using var folder = new TemporaryFolder();
        var volume = new Volume<float>(SmallNifti.Geometry);
        (volume[0, 0, 0], volume[1, 0, 0], volume[2, 0, 0]) = (float.NaN, float.NegativeInfinity, 24);
        NiftiWriter.Write(folder.File("a.nii"), volume);
        var inspection = Inspection.Of(folder.File("a.nii"));
        Assert.That((inspection.NonFinite, inspection.Minimum, inspection.Maximum), Is.EqualTo((2, 0, 24)));
        Assert.That(JsonSerializer.Serialize(inspection), Does.Contain("\"Orientation\":\"LAS\""));
    }

    [Test]
    public void ColourFileHasNoValues()
    {
        var inspection = Inspection.Of(SharedData.Require("nifti/nifti-rs__rgb_4D.nii"));
        Assert.That(
            (inspection.DataType, inspection.Mean, inspection.ScaledSha256),
            Is.EqualTo(("rgb24", default(double?), default(string)))
        );
    }
}
