using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Intensities that spoil a case are told of in one line, by training, evaluation and prediction.</summary>
internal sealed class IntensityWarningTests : CommandLine
{
    [Test]
    public void Of_training_evaluation_and_prediction()
    {
        string blank = Path.Combine(Data, "imagesTr", "ct_000_0000.nii.gz"),
            padded = Path.Combine(Data, "imagesTr", "ct_001_0000.nii.gz"),
            run = PathOf("run");
        Change(blank, voxels => voxels.AsSpan().Fill(1e35f));
        Change(padded, voxels => voxels.AsSpan(0, voxels.Length / 5).Fill(-3024));
        Change(Path.Combine(Data, "labelsTr", "mr_000.nii.gz"), voxels => voxels.AsSpan().Clear());
        Change(Path.Combine(Data, "labelsTr", "mr_001.nii.gz"), voxels => voxels.AsSpan().Clear());

        (int code, string output, string errors) = Train("run", "--steps", "1", "--plain");
        Assert.That(code, Is.Zero, errors);
        Assert.That(WarningsIn(output), Is.EqualTo(new[] { "ct_000", "ct_001", "modality MR" }));

        (code, _, errors) = Run(
            "predict",
            "--run",
            run,
            "--modality",
            "CT",
            "--in",
            Path.Combine(Data, "imagesTr"),
            "--out",
            PathOf("labels"),
            "--last"
        );
        Assert.That(code, Is.Zero, errors);
        Assert.That(
            WarningsIn(errors).Where(about => about.StartsWith("ct_", StringComparison.Ordinal)),
            Is.EqualTo(new[] { "ct_000_0000", "ct_001_0000" })
        );
        Assert.That(errors, Does.Contain("it is the case 'mr_000', which is of modality MR, but --modality says CT"));

        (code, _, errors) = Run("evaluate", "--run", run, "--data", Data, "--split", "all", "--last");
        Assert.That(code, Is.Zero, errors);
        Assert.That(WarningsIn(errors), Is.EqualTo(new[] { "ct_000", "ct_001" }));
    }

    /// <summary>What the warnings are about.</summary>
    private static string[] WarningsIn(string text) =>
        [
            .. text.Split('\n')
                .Where(line =>
                    line.StartsWith("warning: ", StringComparison.Ordinal) && line.Contains(": ", StringComparison.Ordinal)
                )
                .Select(line => line.Split(": ")[1]),
        ];

    private static void Change(string path, Action<float[]> change)
    {
        Volume<float> volume = NiftiFile.Open(path).ToFloatVolume();
        change(volume.Voxels);
        if (path.Contains("labels", StringComparison.Ordinal))
            NiftiWriter.Write(path, volume.Map(v => (byte)v));
        else
            NiftiWriter.Write(path, volume);
    }
}
