namespace UnpairedSegEngine.Cli.Tests;

/// <summary>evaluate and predict hold data and the run's own files against what the run was made from.</summary>
internal sealed class JudgedDataTests : CommandLine
{
    private const string Folds =
        """[{ "train": ["ct_000", "ct_001", "mr_000", "mr_001"], "val": ["ct_002", "mr_002"] }, { "train": ["ct_001", "ct_002", "mr_001", "mr_002"], "val": ["ct_000", "mr_000"] }]""";

    private string manifest = "",
        text = "",
        splits = "";

    [OneTimeSetUp]
    public void MakeRun()
    {
        (manifest, splits) = (Path.Combine(Data, "dataset.json"), Path.Combine(Data, "splits_final.json"));
        text = File.ReadAllText(manifest);
        File.WriteAllText(splits, Folds);
        Assert.That(Train("run", "--fold", "1").Code, Is.Zero);
    }

    [TearDown]
    public void PutBack()
    {
        File.WriteAllText(manifest, text);
        File.WriteAllText(splits, Folds);
    }

    [Test]
    public void The_runs_own_fold_is_judged_if_none_is_named()
    {
        string json = PathOf("own.json");
        RequireSuccess(Run("evaluate", "--run", PathOf("run"), "--data", Data, "--json", json));
        Assert.That(File.ReadAllText(json), Does.Contain("ct_000").And.Contain("mr_000").And.Not.Contain("ct_002"));
        RequireSuccess(Run("evaluate", "--run", PathOf("run"), "--data", Data, "--fold", "1", "--split", "all"));
        RequireOneLine(
            Run("evaluate", "--run", PathOf("run"), "--data", Data, "--fold", "0"),
            3,
            "it was made with fold 1, not 0"
        );
    }

    [Test]
    public void Training_cases_are_not_judged_as_unseen_ones()
    {
        File.WriteAllText(
            splits,
            Folds
                .Replace("\"val\": [\"ct_000\", \"mr_000\"]", "\"val\": [\"ct_000\", \"mr_001\"]", StringComparison.Ordinal)
                .Replace("\"ct_002\", \"mr_001\", \"mr_002\"]", "\"ct_002\", \"mr_000\", \"mr_002\"]", StringComparison.Ordinal)
        );
        RequireOneLine(
            Run("evaluate", "--run", PathOf("run"), "--data", Data),
            3,
            "'mr_001' was a training case and is to be judged on now"
        );
    }

    [Test]
    public void Swapped_domains_and_renamed_labels_are_refused()
    {
        File.WriteAllText(
            manifest,
            text.Replace("\"CT\"", "\"?\"", StringComparison.Ordinal)
                .Replace("\"MR\"", "\"CT\"", StringComparison.Ordinal)
                .Replace("\"?\"", "\"MR\"", StringComparison.Ordinal)
        );
        RequireOneLine(
            Run("evaluate", "--run", PathOf("run"), "--data", Data),
            3,
            "'ct_000' was of modality CT and is of MR now"
        );
        RequireOneLine(Run("evaluate", "--run", PathOf("run"), "--data", Data, "--split", "test"), 3, "was of modality");
        File.WriteAllText(manifest, text.Replace("\"liver\"", "\"lever\"", StringComparison.Ordinal));
        RequireOneLine(Run("evaluate", "--run", PathOf("run"), "--data", Data), 3, "lever");
    }

    [Test]
    public void A_changed_case_is_left_out_with_the_reason_unless_the_data_are_others()
    {
        string label = Path.Combine(Data, "labelsTr", "ct_000.nii.gz");
        byte[] before = File.ReadAllBytes(label);
        File.Copy(Path.Combine(Data, "labelsTr", "ct_001.nii.gz"), label, overwrite: true);
        (int code, _, string errors) = Run("evaluate", "--run", PathOf("run"), "--data", Data);
        Assert.That(code, Is.EqualTo(3));
        Assert.That(errors, Does.Contain("case 'ct_000' has another reference segmentation now").And.Contain("--other-data"));
        RequireSuccess(Run("evaluate", "--run", PathOf("run"), "--data", Data, "--other-data", "--fold", "1"));
        File.WriteAllBytes(label, before);
    }

    [Test]
    public void A_volume_that_the_run_knows_under_another_modality()
    {
        string image = Path.Combine(Data, "imagesTr", "mr_001_0000.nii.gz");
        RequireOneLine(
            Run("predict", "--run", PathOf("run"), "--modality", "CT", "--in", image, "--out", PathOf("one")),
            3,
            "'mr_001', which is of modality MR, but --modality says CT"
        );
        (int code, _, string errors) = Run(
            "predict",
            "--run",
            PathOf("run"),
            "--modality",
            "CT",
            "--in",
            Path.Combine(Data, "imagesTr"),
            "--out",
            PathOf("all")
        );
        Assert.That(code, Is.Zero, errors);
        Assert.That(
            errors,
            Does.Contain("warning: ").And.Contain("'mr_001', which is of modality MR").And.Not.Contain("'ct_001', which")
        );
    }

    [TestCase("model.json", "\"liver\"", "\"lever\"", "model.json: label 1 was 'liver' and is 'lever' now")]
    [TestCase("model.json", "\"CT\",", "\"PET\",", "model.json: modality 1 was 'CT' and is 'PET' now")]
    [TestCase(
        "config.yaml",
        "dropout_keep: 0.75",
        "dropout_keep: 0.5",
        "config.yaml: network.dropout_keep was 0.75 and is 0.5 now"
    )]
    [TestCase("config.yaml", "scheme: ummkd", "scheme: joint_norm", "config.yaml: scheme was ummkd and is joint_norm now")]
    public void A_run_folder_that_was_edited(string file, string from, string to, string expected)
    {
        string path = Path.Combine(PathOf("run"), file),
            before = File.ReadAllText(path);
        Assert.That(before, Does.Contain(from));
        File.WriteAllText(path, before.Replace(from, to, StringComparison.Ordinal));
        RequireOneLine(
            Run(
                "predict",
                "--run",
                PathOf("run"),
                "--modality",
                "MR",
                "--in",
                Path.Combine(Data, "imagesTs"),
                "--out",
                PathOf("edited")
            ),
            3,
            expected,
            "put it back"
        );
        RequireOneLine(Run("evaluate", "--run", PathOf("run"), "--data", Data), 3, expected);
        File.WriteAllText(path, before);
    }
}
