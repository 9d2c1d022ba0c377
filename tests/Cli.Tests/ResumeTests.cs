using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>A run goes on as it was begun or is refused in one line; what is to be another must be said.</summary>
internal sealed class ResumeTests : CommandLine
{
    private const string Folds =
        """[{ "train": ["ct_000", "ct_001", "mr_000", "mr_001"], "val": ["ct_002", "mr_002"] }, { "train": ["ct_001", "ct_002", "mr_001", "mr_002"], "val": ["ct_000", "mr_000"] }]""";

    [Test]
    public void The_printed_command_goes_on_with_fold_and_arithmetic_of_the_run()
    {
        string data = CopyOfData("folds");
        File.WriteAllText(Path.Combine(data, "splits_final.json"), Folds);
        string[] more = ["--fold", "1", "--exact"];
        RequireSuccess(TrainSteps("whole", data, 4, more));
        RequireSuccess(TrainSteps("parts", data, 2, more));
        ForgetLastStepOf("parts", steps: 4);
        RequireSuccess(Run("train", "--out", PathOf("parts"), "--resume", "--plain"));
        Assert.That(Weights("parts", 4), Is.EqualTo(Weights("whole", 4)));
        RequireOneLine(
            Run("train", "--out", PathOf("parts"), "--data", data, "--resume", "--fold", "0"),
            3,
            "the fold was 1 and is 0 now",
            "parts"
        );
        RequireOneLine(
            Run("train", "--out", PathOf("parts"), "--resume", "--device", "emulated"),
            3,
            "--device was cpu and is emulated now"
        );
    }

    [Test]
    public void Arithmetic_of_another_kind()
    {
        RequireSuccess(TrainSteps("arithmetic", Data, 1));
        RequireOneLine(
            Run("train", "--out", PathOf("arithmetic"), "--resume", "--exact"),
            3,
            "--exact was not given and is given now"
        );
        RequireOneLine(
            Run("train", "--out", PathOf("arithmetic"), "--resume", "--device", "emulated", "--precision", "bf16"),
            3,
            "--device was cpu"
        );
        RequireSuccess(Run("train", "--out", PathOf("arithmetic"), "--resume", "--device", "cpu", "--precision", "fp32"));
    }

    [Test]
    public void Settings_change_only_from_a_step_on()
    {
        RequireSuccess(TrainSteps("settings", Data, 2));
        RequireOneLine(
            Run("train", "--out", PathOf("settings"), "--resume", "--steps", "1"),
            2,
            "--steps",
            "the run has 2 steps already",
            "--from"
        );
        RequireOneLine(
            Run("train", "--out", PathOf("settings"), "--resume", "--set", "optimizer.learning_rate=1"),
            2,
            "--set",
            "optimizer.learning_rate",
            "--from"
        );
        RequireOneLine(Run("train", "--out", PathOf("settings"), "--resume", "--from", "7"), 3, "step 7", "1, 2");
        RequireOneLine(Run("train", "--out", PathOf("settings"), "--resume", "--from", "two"), 2, "--from 'two'", "last");
        RequireOneLine(
            Run("train", "--out", PathOf("settings"), "--resume", "--from", "1", "--set", "optimizer.name=sgd"),
            3,
            "optimizer.name was adam and is sgd now",
            "--from 0"
        );
        RequireSuccess(Run("train", "--out", PathOf("settings"), "--resume", "--threads", "1", "--set", "training.keep=3"));

        string config = PathOf("settings/config.yaml"),
            before = File.ReadAllText(config);
        File.WriteAllText(config, before.Replace("  batch: 1", "  batch: 2", StringComparison.Ordinal));
        RequireOneLine(
            Run("train", "--out", PathOf("settings"), "--resume"),
            3,
            "config.yaml",
            "training.batch was 1 and is 2 now",
            "--from last"
        );
        File.WriteAllText(config, before);

        RequireSuccess(
            Run(
                "train",
                "--out",
                PathOf("settings"),
                "--resume",
                "--from",
                "1",
                "--steps",
                "3",
                "--set",
                "optimizer.learning_rate=0.0001",
                "training.save_every=1"
            )
        );
        string provenance = File.ReadAllText(PathOf("settings/provenance.json"));
        Assert.That(
            provenance,
            Does.Contain("\"step\": 1")
                .And.Contain("optimizer.learning_rate was 0.001 and is 0.0001 now")
                .And.Contain("training.steps was 2 and is 3 now")
        );
        Assert.That(
            Directory.GetDirectories(PathOf("settings/checkpoints"), "step-*").Select(Path.GetFileName),
            Is.SupersetOf(new[] { "step-00000003" })
        );
        Assert.That(
            File.ReadAllLines(PathOf("settings/metrics.jsonl"))
                .Where(line => line.Contains("loss/total", StringComparison.Ordinal))
                .Select(line => line[..10]),
            Is.EqualTo(new[] { "{\"step\":1,", "{\"step\":2,", "{\"step\":3," })
        );
        RequireSuccess(Run("train", "--out", PathOf("settings"), "--resume"));
    }

    /// <summary>With a schedule that does not know the end, as if it had been so long from the beginning.</summary>
    [Test]
    public void A_finished_run_is_prolonged()
    {
        string[] usual = ["--set", "training.validate_every=2"];
        RequireSuccess(TrainSteps("long", Data, 4, usual));
        RequireSuccess(TrainSteps("short", Data, 2, usual));
        (int code, string output, string errors) = Run("train", "--out", PathOf("short"), "--resume", "--steps", "4", "--plain");
        Assert.That(code, Is.Zero, output + errors);
        Assert.That(
            output + errors,
            Does.Contain("from step 2 on, 4 steps in all instead of 2; the learning rate goes on as before")
        );
        Assert.That(Weights("short", 4), Is.EqualTo(Weights("long", 4)));
        Assert.That(File.ReadAllText(PathOf("short/provenance.json")), Does.Contain("training.steps was 2 and is 4 now"));
        RequireSuccess(Run("train", "--out", PathOf("short"), "--resume", "--steps", "4"));

        RequireSuccess(TrainSteps("poly", Data, 2, "--set", "optimizer.schedule=poly"));
        (code, output, errors) = Run("train", "--out", PathOf("poly"), "--resume", "--steps", "6", "--plain");
        Assert.That(code, Is.Zero, output + errors);
        Assert.That(output + errors, Does.Contain("that of a run of 6 steps: 0.000694, after 0.000536"));
    }

    [Test]
    public void A_run_that_begins_with_another_one_needs_it_no_longer()
    {
        RequireSuccess(TrainSteps("teacher", Data, 2));
        string[] more = ["--init", PathOf("teacher"), "--init-modality", "MR=CT"];
        RequireSuccess(TrainSteps("learnt", Data, 2, more));
        (int code, string output, string errors) = TrainSteps("later", Data, 2, [.. more, "--max-hours", "1e-9"]);
        Assert.That(code, Is.EqualTo(130), output + errors);
        Assert.That(
            output,
            Does.Contain("stopped after step 0, as --max-hours says").And.Contain("modalities: CT from CT, MR from CT")
        );
        Directory.Delete(PathOf("teacher"), recursive: true);
        RequireSuccess(Run("train", "--out", PathOf("later"), "--resume"));
        Assert.That(Weights("later", 2), Is.EqualTo(Weights("learnt", 2)));
        Assert.That(File.ReadAllText(PathOf("later/init.json")), Does.Contain("\"MR\": \"CT\"").And.Contain("\"step\": 2"));
        RequireSuccess(Run("train", "--out", PathOf("later"), "--resume", "--from", "0"));
        Assert.That(Weights("later", 2), Is.EqualTo(Weights("learnt", 2)), "anew from the same weights");
    }

    [TestCase(3, "--init 'nowhere'", "--init", "nowhere")]
    [TestCase(2, "--init-modality", "--init-modality", "MR=CT")]
    [TestCase(2, "--max-hours is 0", "--max-hours", "0")]
    [TestCase(3, "'encoder' matches no parameter", "--set", "training.freeze=encoder")]
    [TestCase(2, "training.patience is 2", "--set", "training.patience=2", "training.validate_every=0")]
    public void What_makes_no_run_leaves_no_folder(int code, string message, params string[] more)
    {
        RequireOneLine(TrainSteps("none", Data, 1, more), code, message);
        Assert.That(Directory.Exists(PathOf("none")), Is.False);
    }

    [Test]
    public void A_run_whose_numbers_blew_up_has_the_way_back_that_it_names()
    {
        (int code, string output, string errors) = TrainSteps("blown", Data, 6, "--set", "optimizer.learning_rate=1e30");
        Assert.That(code, Is.EqualTo(5), output + errors);
        Assert.That(errors, Does.Contain("NaN").And.Contain("learning_rate"));
        // The first step made numbers of 1e30 of the weights, which are numbers: only the beginning is sound.
        Assert.That(
            errors,
            Does.Contain("--resume --from 1 --set optimizer.learning_rate=... (where that step is odd already, further: 0)")
                .And.Contain("in the batch: CT: ct_00")
        );
        RequireSuccess(
            Run("train", "--out", PathOf("blown"), "--resume", "--from", "0", "--set", "optimizer.learning_rate=0.001")
        );
    }

    [Test]
    public void A_run_that_another_process_writes_is_left_alone()
    {
        RequireSuccess(TrainSteps("held", Data, 2));
        string[] before = Directory.GetDirectories(PathOf("held/checkpoints"));
        using (FolderLock.Take(PathOf("held")))
        {
            RequireOneLine(
                Run("train", "--out", PathOf("held"), "--resume"),
                3,
                "held",
                $"process {Environment.ProcessId} on host",
                "at the moment"
            );
            RequireOneLine(Run("train", "--out", PathOf("held"), "--resume", "--from", "1", "--steps", "3"), 3, "at the moment");
        }

        Assert.That(Directory.GetDirectories(PathOf("held/checkpoints")), Is.EquivalentTo(before));
        RequireSuccess(Run("train", "--out", PathOf("held"), "--resume"));
    }

    [Test]
    public void Run_and_data_may_move()
    {
        string data = CopyOfData("old-place");
        RequireSuccess(TrainSteps("moving", data, 1));
        Directory.Move(data, PathOf("new-place"));
        Directory.Move(PathOf("moving"), PathOf("moved"));
        RequireOneLine(Run("train", "--out", PathOf("moved"), "--resume"), 3, "old-place", "--data");
        RequireSuccess(Run("train", "--out", PathOf("moved"), "--data", PathOf("new-place"), "--resume"));
    }

    [Test]
    public void Data_that_changed()
    {
        string data = CopyOfData("changing"),
            manifest = Path.Combine(data, "dataset.json"),
            text = File.ReadAllText(manifest);
        RequireSuccess(TrainSteps("changed", data, 1));
        string[] resume = ["train", "--out", PathOf("changed"), "--resume"];

        File.WriteAllText(
            manifest,
            text.Replace("\"CT\"", "\"?\"", StringComparison.Ordinal)
                .Replace("\"MR\"", "\"CT\"", StringComparison.Ordinal)
                .Replace("\"?\"", "\"MR\"", StringComparison.Ordinal)
        );
        RequireOneLine(Run(resume), 3, "modality 1 was 'CT' and is 'MR' now");
        File.WriteAllText(manifest, text.Replace("\"liver\"", "\"lever\"", StringComparison.Ordinal));
        RequireOneLine(Run(resume), 3, "label 1 was 'liver' and is 'lever' now");
        File.WriteAllText(manifest, text);

        string image = Path.Combine(data, "imagesTr", "mr_001_0000.nii.gz");
        byte[] bytes = File.ReadAllBytes(image);
        Volume<float> volume = NiftiFile.Open(image).ToFloatVolume();
        volume.Voxels[100] += 1;
        NiftiWriter.Write(image, volume);
        RequireOneLine(Run(resume), 3, "'mr_001' has other voxels in its image now");
        File.WriteAllBytes(image, bytes);
        RequireSuccess(Run(resume));
    }

    [Test]
    public void A_run_from_before_provenance_was_written_goes_on()
    {
        RequireSuccess(TrainSteps("old", Data, 1));
        File.Delete(PathOf("old/provenance.json"));
        RequireOneLine(Run("train", "--out", PathOf("old"), "--resume"), 2, "--data");
        RequireSuccess(Run("train", "--out", PathOf("old"), "--data", Data, "--resume"));
        Assert.That(File.Exists(PathOf("old/provenance.json")));
    }

    [Test]
    public void What_ended_before_there_was_a_run_is_no_hindrance_but_a_persons_files_are()
    {
        Directory.CreateDirectory(PathOf("unborn/checkpoints"));
        File.WriteAllText(PathOf("unborn/model.json"), "{");
        File.WriteAllText(PathOf("unborn/.lock"), "");
        RequireSuccess(TrainSteps("unborn", Data, 1));
        Directory.CreateDirectory(PathOf("notes"));
        File.WriteAllText(PathOf("notes/notes.txt"), "mine");
        RequireOneLine(TrainSteps("notes", Data, 1), 3, "notes", "not empty");
    }

    private (int Code, string Output, string Errors) TrainSteps(string run, string data, int steps, params string[] more) =>
        Run(
            TrainCommand(
                data,
                PathOf(run),
                ["--steps", $"{steps}", "--plain", "--set", "training.save_every=1", "training.log_every=1", .. more]
            )
        );

    /// <summary>Makes a finished run one that has steps to go, as if it had been begun with them.</summary>
    private void ForgetLastStepOf(string run, int steps)
    {
        foreach (string file in new[] { "config.yaml", "provenance.json" })
        {
            string path = Path.Combine(PathOf(run), file);
            File.WriteAllText(
                path,
                File.ReadAllText(path)
                    .Replace("  steps: 2", $"  steps: {steps}", StringComparison.Ordinal)
                    .Replace("\"training.steps\": \"2\"", $"\"training.steps\": \"{steps}\"", StringComparison.Ordinal)
            );
        }
    }

    private byte[] Weights(string run, int step) =>
        File.ReadAllBytes(Path.Combine(PathOf(run), "checkpoints", $"step-{step:D8}", "weights.safetensors"));
}
