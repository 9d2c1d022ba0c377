using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Cases of several channels, from phantoms to predictions, as a user runs it.</summary>
internal sealed class PairedVerbTests : CommandLine
{
    private string Paired => PathOf("paired");

    private string All => PathOf("all-channels");

    private string Single => PathOf("t1-only");

    private string Images => Path.Combine(Paired, "imagesTs");

    [OneTimeSetUp]
    public void MakeDataAndRuns()
    {
        RequireSuccess(
            Run(
                "phantom",
                "--paired",
                "--out",
                Paired,
                "--size",
                "32",
                "--slices",
                "5",
                "--train",
                "2",
                "--val",
                "1",
                "--test",
                "2"
            )
        );
        RequireSuccess(TrainOn(All, "data.slices=3"));
        RequireSuccess(TrainOn(Single, "data.channels=T1", "data.normalization.T1=zscore"));
    }

    [Test]
    public void Inspect_shows_all_channels_and_differing_grids()
    {
        (int code, string output, string errors) = Run("inspect", Paired);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("channels T1, T1ce, T2, FLAIR").And.Contain("brain_000").And.Contain("paired"));
        Assert.That(output.Split("\n  FLAIR "), Has.Length.EqualTo(6), "every case");
        using JsonDocument json = JsonDocument.Parse(Run("inspect", Paired, "--json").Output);
        Assert.That(
            json.RootElement.GetProperty("cases")[0].GetProperty("channels")[2].GetProperty("file").GetString(),
            Is.EqualTo("brain_000_0002.nii.gz")
        );

        string moved = CopyOf(Paired, "moved"),
            file = Path.Combine(moved, "imagesTr", "brain_001_0002.nii.gz");
        Volume<float> image = NiftiFile.Open(file).ToFloatVolume();
        Affine affine = image.Geometry.Affine;
        File.Delete(file);
        NiftiWriter.Write(
            file,
            new Volume<float>(
                new Geometry(32, 32, 5, affine with { Origin = affine.Origin + new Vector3d(1, 0, 0) }),
                image.Voxels
            )
        );
        (code, output, errors) = Run("inspect", moved);
        Assert.That(code, Is.EqualTo(3));
        Assert.That(
            output + errors,
            Does.Contain("brain_001_0002.nii.gz' lies elsewhere than image").And.Contain("brain_001_0000.nii.gz': origin")
        );
    }

    [Test]
    public void A_run_on_all_channels_is_evaluated_and_predicts_folders()
    {
        (int code, string output, string errors) = Run("evaluate", "--run", All, "--data", Paired, "--split", "test");
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("lesion").And.Contain("paired"));

        string labels = PathOf("labels");
        RequireSuccess(Run("predict", "--run", All, "--in", Images, "--out", labels));
        Assert.That(
            Directory.GetFiles(labels).Select(Path.GetFileName).Order(),
            Is.EqualTo(new[] { "brain_003.nii.gz", "brain_004.nii.gz" })
        );
        Assert.That(
            NiftiFile
                .Open(Path.Combine(labels, "brain_003.nii.gz"))
                .Geometry.Matches(NiftiFile.Open(Path.Combine(Images, "brain_003_0001.nii.gz")).Geometry, out string difference),
            difference
        );
        RequireOneLine(
            Run("predict", "--run", All, "--in", Path.Combine(Images, "brain_003_0000.nii.gz"), "--out", PathOf("none")),
            2,
            "the run sees 4 channels (T1, T1ce, T2, FLAIR)",
            "CASE_0003.nii.gz"
        );
        RequireOneLine(
            Run("predict", "--run", All, "--in", Images, "--out", PathOf("none"), "--modality", "CT"),
            3,
            "the model knows paired"
        );
    }

    [Test]
    public void A_missing_channel_is_named_and_does_not_stop_the_others()
    {
        string images = Path.Combine(CopyOf(Paired, "incomplete"), "imagesTs"),
            labels = PathOf("incomplete-labels");
        File.Delete(Path.Combine(images, "brain_003_0001.nii.gz"));
        (int code, _, string errors) = Run("predict", "--run", All, "--in", images, "--out", labels);
        Assert.That(code, Is.EqualTo(3));
        Assert.That(errors, Does.Contain("1 of 2 volumes were not predicted"));
        Assert.That(
            errors,
            Does.Contain(
                $"case 'brain_003': the image file '{Path.Combine(images, "brain_003_0001.nii.gz")}' of channel T1ce is missing"
            )
        );
        Assert.That(Directory.GetFiles(labels).Select(Path.GetFileName), Is.EqualTo(new[] { "brain_004.nii.gz" }));
        RequireOneLine(Run("evaluate", "--run", All, "--data", PathOf("incomplete")), 3, "brain_003_0001.nii.gz");
        File.Move(Path.Combine(images, "brain_004_0001.nii.gz"), Path.Combine(images, "brain_004.nii.gz"));
        RequireOneLine(
            Run("predict", "--run", All, "--in", images, "--out", PathOf("none")),
            3,
            "brain_004.nii.gz': expected a name of the form CASE_0000.nii.gz"
        );
    }

    [Test]
    public void A_channel_that_shows_nothing_is_named()
    {
        string data = CopyOf(Paired, "blank"),
            images = Path.Combine(data, "imagesTs"),
            file = Path.Combine(images, "brain_003_0002.nii.gz");
        NiftiWriter.Write(file, NiftiFile.Open(file).ToFloatVolume().Map(_ => 7f));
        const string Warning = "warning: brain_003 (T2): every voxel of the image has the same value";
        Assert.That(Run("predict", "--run", All, "--in", images, "--out", PathOf("blank-labels")).Errors, Does.Contain(Warning));
        Assert.That(Run("evaluate", "--run", All, "--data", data, "--split", "test").Errors, Does.Contain(Warning));
    }

    /// <summary>Other channels of a case may be there or not, and change nothing.</summary>
    [Test]
    public void A_run_on_one_channel_takes_its_file_or_its_files_of_a_folder()
    {
        RequireSuccess(Run("evaluate", "--run", Single, "--data", Paired, "--split", "val"));
        string one = PathOf("one"),
            folder = PathOf("folder");
        RequireSuccess(
            Run(
                "predict",
                "--run",
                Single,
                "--in",
                Path.Combine(Images, "brain_003_0000.nii.gz"),
                "--out",
                one,
                "--modality",
                "paired"
            )
        );
        RequireSuccess(Run("predict", "--run", Single, "--in", Images, "--out", folder));
        Assert.That(Directory.GetFiles(folder), Has.Length.EqualTo(2));
        Assert.That(
            File.ReadAllBytes(Path.Combine(folder, "brain_003.nii.gz")),
            Is.EqualTo(File.ReadAllBytes(Path.Combine(one, "brain_003.nii.gz")))
        );
    }

    [Test]
    public void Blocks_of_four_channels_train_on_a_preprocessed_copy()
    {
        string copy = PathOf("copy"),
            run = PathOf("blocks");
        RequireSuccess(Run("preprocess", "--data", Paired, "--out", copy, "--spacing", "12,12,12"));
        Assert.That(Directory.GetFiles(Path.Combine(copy, "imagesTr")), Has.Length.EqualTo(12));
        string[] blocks =
        [
            "--network",
            "unet3d",
            "--size",
            "16",
            "--set",
            "scheme=joint",
            "data.spacing=12,12,12",
            "data.depth=8",
        ];
        RequireSuccess(Run(TrainCommand(copy, run, blocks)));
        string labels = PathOf("block-labels");
        RequireSuccess(Run("predict", "--run", run, "--in", Path.Combine(copy, "imagesTs"), "--out", labels));
        Assert.That(NiftiFile.Open(Path.Combine(labels, "brain_003.nii.gz")).Geometry.X, Is.EqualTo(32), "the grid before");
    }

    [Test]
    public void An_unpaired_run_still_asks_for_the_modality()
    {
        Assert.That(Train("unpaired").Code, Is.Zero);
        string volume = Path.Combine(Data, "imagesTr", "ct_000_0000.nii.gz");
        RequireOneLine(
            Run("predict", "--run", PathOf("unpaired"), "--in", volume, "--out", PathOf("none")),
            2,
            "--modality is missing: the run knows CT, MR"
        );
    }

    [TestCase("--anatomy", "heart", "leave out --anatomy")]
    [TestCase("--contrast", "100", "contrast of 100 is not possible")]
    public void Impossible_paired_phantoms_are_refused(string option, string value, string message) =>
        RequireOneLine(Run("phantom", "--paired", "--out", PathOf("never"), option, value), 2, message);

    [Test]
    public void Contrast_is_of_paired_phantoms_only() =>
        RequireOneLine(Run("phantom", "--out", PathOf("never"), "--contrast", "1"), 2, "add --paired");

    private (int Code, string Output, string Errors) TrainOn(string run, params string[] sets) =>
        Run(TrainCommand(Paired, run, ["--set", "scheme=joint", .. sets]));
}
