using System.Text.Json;
using UnpairedSegEngine.Imaging.Phantoms;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Planning, as a user runs it, and training without a configuration.</summary>
internal sealed class PlanVerbTests : CommandLine
{
    private string Volumes => PathOf("volumes");

    [OneTimeSetUp]
    public void WriteVolumes() =>
        PhantomDataset.Write(
            Volumes,
            new PhantomDatasetOptions
            {
                Training = 2,
                Validation = 1,
                Test = 0,
                Size = 32,
                Slices = 12,
            },
            null,
            CancellationToken.None
        );

    [Test]
    public void A_plan_is_shown_written_and_trained()
    {
        string file = PathOf("plan.yaml");
        (int code, string output, string errors) = Run(
            "plan",
            "--data",
            Volumes,
            "--hours",
            "0.01",
            "--gflops",
            "20",
            "--out",
            file
        );
        Assert.That(code, Is.Zero, errors);
        foreach (string part in (string[])["data.spacing", "liver", "training takes about", "GFLOP", $"--config {file}"])
            Assert.That(output, Does.Contain(part));
        Assert.That(File.ReadAllText(file), Does.StartWith("# Planned by").And.Contain("# ").And.Contain("  spacing: "));
        RequireSuccess(Run("config", "--config", file));
        RequireSuccess(Run("train", "--data", Volumes, "--out", PathOf("planned"), "--config", file, "--plain", "--steps", "1"));
        RequireOneLine(
            Run("plan", "--data", Volumes, "--hours", "0.01", "--gflops", "20", "--out", file),
            2,
            "--out",
            "--overwrite"
        );
    }

    [Test]
    public void A_plan_as_JSON()
    {
        (int code, string output, string errors) = Run(
            "plan",
            "--data",
            Data,
            "--hours",
            "0.01",
            "--gflops",
            "20",
            "--memory",
            "2GB",
            "--json"
        );
        Assert.That(code, Is.Zero, errors);
        using JsonDocument plan = JsonDocument.Parse(output);
        Assert.That(
            plan.RootElement.GetProperty("settings").EnumerateArray().Select(s => s.GetProperty("value").GetString()),
            Does.Contain("dilated2d"),
            "five slices are no volume"
        );
        Assert.That(
            plan.RootElement.GetProperty("fingerprint").GetProperty("modalities")[0].GetProperty("name").GetString(),
            Is.EqualTo("CT")
        );
        Assert.That(plan.RootElement.GetProperty("memory").GetProperty("total").GetInt64(), Is.InRange(1, 2_000_000_000));
    }

    /// <summary>It is stopped before its first step is over: what it began with is there.</summary>
    [Test]
    public void Training_without_a_configuration_plans_one()
    {
        string run = PathOf("auto");
        (int code, string output, string errors) = Run(
            "train",
            "--data",
            Volumes,
            "--out",
            run,
            "--max-hours",
            "0.0005",
            "--set",
            "training.seed=7",
            "--plain"
        );
        Assert.That(code, Is.Zero.Or.EqualTo(130), errors);
        Assert.That(output, Does.Contain("no --config: settings are planned").And.Contain("training takes about"));
        Assert.That(File.ReadAllText(Path.Combine(run, "plan.yaml")), Does.Contain("docs/plan.md"));
        string config = File.ReadAllText(Path.Combine(run, "config.yaml"));
        Assert.That(config, Does.Contain("name: sgd").And.Contain("seed: 7").And.Contain("schedule: poly"));
    }

    [Test]
    public void What_a_plan_would_decide_leaves_the_defaults()
    {
        (int code, string output, string errors) = Train("by-hand");
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Not.Contain("planned").And.Contain("training takes about"));
        Assert.That(File.Exists(PathOf("by-hand/plan.yaml")), Is.False);
    }

    [Test]
    public void What_does_not_fit_is_refused_before_a_folder_is_made()
    {
        RequireOneLine(Train("large", "--memory", "50MB"), 4, "training takes about", "--memory 50MB is 48 MiB: lower");
        Assert.That(Directory.Exists(PathOf("large")), Is.False);
        RequireOneLine(Train("large", "--memory", "lots"), 2, "--memory 'lots'");
        RequireOneLine(
            Run("plan", "--data", Volumes, "--gflops", "20", "--memory", "50MB"),
            2,
            "no 3D network of 8 channels fits",
            "--memory 50MB"
        );
        RequireOneLine(Run("plan", "--data", Volumes, "--hours", "0"), 2, "--hours is 0");
    }
}
