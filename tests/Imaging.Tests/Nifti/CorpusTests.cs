using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Tests.Nifti;

/// <summary>
/// What a fuzzer once broke the reader or what follows it with: each file is read, or refused in a line that names it, in little
/// time and memory.
/// </summary>
public sealed class CorpusTests
{
    private static IEnumerable<string> Files() =>
        Directory
            .GetFiles(Path.Combine(TestContext.CurrentContext.TestDirectory, "Nifti", "Corpus"))
            .Where(file => !file.EndsWith(".img", StringComparison.Ordinal))
            .Order();

    [Test]
    public void CorpusIsThere() => Assert.That(Files().Count(), Is.GreaterThanOrEqualTo(13));

    [TestCaseSource(nameof(Files))]
    public void IsHandledOrRefused(string file)
    {
        using var folder = new TemporaryFolder();
        var before = GC.GetAllocatedBytesForCurrentThread();
        var used = Environment.CpuUsage.TotalTime;
        try
        {
            Handle(file, folder);
        }
        catch (InvalidDataException error)
        {
            Assert.That(error.Message, Does.Contain(Path.GetFileNameWithoutExtension(file)).And.Not.Contain('\n'));
        }

        Assert.That((Environment.CpuUsage.TotalTime - used).TotalSeconds, Is.LessThan(2), "a second, and what compiling adds");
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(512L << 20));
    }

    /// <summary>All that the program does with an image's grid.</summary>
    private static void Handle(string file, TemporaryFolder folder)
    {
        Inspection.Of(file);
        var image = NiftiFile.Open(file).ToFloatVolume();
        var spacing = new Vector3d(3, 3, 5);
        var upright = Orientation.Reorient(image, "LAS");
        GridLimits.RequireResampling(file, upright.Geometry, spacing);
        var resampled = Resampling.Linear(upright, Resampling.Respace(upright.Geometry, spacing));
        NiftiWriter.Write(folder.File("a.nii.gz"), resampled);
        Assert.That(NiftiFile.Open(folder.File("a.nii.gz")).Geometry.Matches(resampled.Geometry, out var difference), difference);
        NiftiWriter.Write(folder.File("b.nii"), Orientation.Reorient(upright, image.Geometry.AxisCodes));
        Assert.That(NiftiFile.Open(folder.File("b.nii")).Geometry.Matches(image.Geometry, out difference), difference);
    }
}
