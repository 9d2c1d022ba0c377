using System.Text.Json;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Tests;

/// <summary>Real abdominal CT and MR against the figures published beside them.</summary>
public sealed class RealDataTests
{
    [TestCase("ct_07")]
    [TestCase("ct_22")]
    [TestCase("mr_15")]
    [TestCase("mr_34")]
    public void VoxelsLabelsAndGridAreThePublishedOnes(string name)
    {
        var folder = SharedData.Require("Dataset501_Abdomen");
        var expected = JsonDocument
            .Parse(File.ReadAllText(Path.Combine(folder, "cases.json")))
            .RootElement.GetProperty("cases")
            .EnumerateArray()
            .Single(c => c.GetProperty("id").GetString() == name);
        var image = Inspection.Of(Path.Combine(folder, "imagesTr", $"{name}_0000.nii.gz"));
        var labels = Inspection.Of(Path.Combine(folder, "labelsTr", $"{name}.nii.gz"));
        Assert.That(image.StoredSha256, Is.EqualTo(expected.GetProperty("image_voxels_sha256").GetString()));
        Assert.That(labels.StoredSha256, Is.EqualTo(expected.GetProperty("label_voxels_sha256").GetString()));
        Assert.That(image.DataType, Is.EqualTo(expected.GetProperty("dtype").GetString()));
        Assert.That(image.Orientation, Is.EqualTo("LAS"));
        Assert.That(image.Mean, Is.EqualTo(expected.GetProperty("imean").GetDouble()).Within(1e-3));
        for (var axis = 0; axis < 3; axis++)
            Assert.That(image.Spacing[axis], Is.EqualTo(expected.GetProperty("spacing")[axis].GetDouble()).Within(1e-3));
    }

    [Test]
    public void EveryHeaderReads()
    {
        var folder = SharedData.Require("Dataset501_Abdomen");
        var files = Directory.GetFiles(folder, "*.nii.gz", SearchOption.AllDirectories);
        Assert.That(files, Has.Length.EqualTo(80));
        foreach (var file in files)
            Assert.That(NiftiFile.OpenHeader(file).Shape, Has.Length.EqualTo(3), file);
    }
}
