using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Every mistake gets one clear line and its exit code, and leaves nothing half-written.</summary>
internal sealed class BadInputTests : CommandLine
{
    [Test]
    public void A_missing_label()
    {
        string data = CopyOfData("missing-label");
        File.Delete(Path.Combine(data, "labelsTr", "ct_000.nii.gz"));
        RequireOneLine(TrainOn(data), 3, "ct_000");
    }

    [Test]
    public void A_label_of_another_shape()
    {
        string data = CopyOfData("label-shape");
        string label = Path.Combine(data, "labelsTr", "mr_001.nii.gz");
        Volume<byte> volume = NiftiFile.Open(label).ToLabelVolume();
        NiftiWriter.Write(label, new Volume<byte>(Resampling.Resize(volume.Geometry, 16, 16, volume.Geometry.Z)));
        RequireOneLine(TrainOn(data), 3, "mr_001", "32", "16");
    }

    [Test]
    public void A_truncated_volume()
    {
        string data = CopyOfData("truncated");
        string image = Path.Combine(data, "imagesTr", "ct_001_0000.nii.gz");
        using (FileStream file = File.OpenWrite(image))
            file.SetLength(file.Length / 2);
        RequireOneLine(TrainOn(data), 3, "ct_001_0000.nii.gz");
    }

    [Test]
    public void An_empty_folder()
    {
        string data = PathOf("empty");
        Directory.CreateDirectory(data);
        RequireOneLine(TrainOn(data), 3, "empty", "dataset.json");
    }

    [Test]
    public void An_unknown_class_value()
    {
        string data = CopyOfData("class");
        ChangeLabel(data, "mr_000", value: 77);
        RequireOneLine(TrainOn(data), 3, "mr_000", "77");
    }

    [Test]
    public void Voxels_that_are_not_numbers()
    {
        string data = CopyOfData("nan");
        string image = Path.Combine(data, "imagesTr", "mr_000_0000.nii.gz");
        Volume<float> volume = NiftiFile.Open(image).ToFloatVolume();
        volume.Voxels[5] = float.NaN;
        NiftiWriter.Write(image, volume);
        RequireOneLine(TrainOn(data), 3, "mr_000", "NaN");
    }

    [Test]
    public void A_run_folder_that_exists()
    {
        Assert.That(Train("twice").Code, Is.Zero);
        RequireOneLine(Train("twice"), 3, "twice", "--resume");
    }

    [Test]
    public void A_checkpoint_cut_in_half()
    {
        Assert.That(Train("cut").Code, Is.Zero);
        foreach (string weights in Directory.GetFiles(PathOf("cut"), "weights.safetensors", SearchOption.AllDirectories))
        {
            using FileStream file = File.OpenWrite(weights);
            file.SetLength(file.Length / 2);
        }

        (int code, _, string errors) = Run("evaluate", "--run", PathOf("cut"), "--data", Data);
        Assert.That(code, Is.EqualTo(3));
        Assert.That(errors, Does.Contain("weights.safetensors").And.Contains("checkpoint"));
    }

    [Test]
    public void A_wrong_key_in_the_configuration()
    {
        string config = PathOf("wrong.yaml");
        File.WriteAllText(config, "network:\n  chanels: 4\n");
        RequireOneLine(Train("wrong", "--config", config), 3, "wrong.yaml:2", "network.channels");
        Assert.That(Directory.Exists(PathOf("wrong")), Is.False, "nothing was written");
    }

    [Test]
    public void A_value_out_of_range() => RequireOneLine(Train("range", "--set", "training.batch=0"), 2, "training.batch", "1");

    [Test]
    public void A_modality_that_the_model_does_not_know()
    {
        Assert.That(Train("modality").Code, Is.Zero);
        RequireOneLine(
            Run(
                "predict",
                "--run",
                PathOf("modality"),
                "--modality",
                "PET",
                "--in",
                Path.Combine(Data, "imagesTs"),
                "--out",
                PathOf("out")
            ),
            3,
            "PET",
            "CT, MR"
        );
    }

    [TestCase("frobnicate")]
    [TestCase("train")]
    [TestCase("train --data x --out y --no-such-option")]
    public void A_command_line_that_makes_no_sense(string arguments)
    {
        (int code, _, string errors) = Run(arguments.Split(' '));
        Assert.That(code, Is.EqualTo(2));
        Assert.That(errors, Is.Not.Empty);
    }

    [Test]
    public void A_file_that_is_not_there() => RequireOneLine(Run("inspect", PathOf("nowhere.nii")), 3, "nowhere.nii");

    [Test]
    public void A_phantom_folder_that_is_not_empty() => RequireOneLine(Run("phantom", "--out", Data), 2, "data", "not empty");

    private static void ChangeLabel(string data, string id, byte value)
    {
        string label = Path.Combine(data, "labelsTr", $"{id}.nii.gz");
        Volume<byte> volume = NiftiFile.Open(label).ToLabelVolume();
        volume.Voxels[3] = value;
        NiftiWriter.Write(label, volume);
    }

    private (int Code, string Output, string Errors) TrainOn(string data) => Run(TrainCommand(data, data + "-run"));
}
