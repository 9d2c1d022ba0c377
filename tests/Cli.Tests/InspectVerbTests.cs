using System.Text.Json;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>inspect says all that is wrong with datasets and runs, in words and in JSON.</summary>
internal sealed class InspectVerbTests : CommandLine
{
    [Test]
    public void A_dataset_with_warnings_only_ends_with_0()
    {
        string copy = CopyOfData("doubled");
        File.Copy(Path.Combine(copy, "imagesTr/ct_000_0000.nii.gz"), Path.Combine(copy, "imagesTr/ct_001_0000.nii.gz"), true);
        File.Copy(Path.Combine(copy, "labelsTr/ct_000.nii.gz"), Path.Combine(copy, "labelsTr/ct_001.nii.gz"), true);
        (int code, string output, string errors) = Run("inspect", copy);
        Assert.That((code, errors), Is.EqualTo((0, "")));
        Assert.That(
            output,
            Does.Contain("warning: cases ct_000, ct_001 have the same image; remove the copies")
                .And.Contain("no errors, 1 warning")
        );
        using JsonDocument json = JsonDocument.Parse(Run("inspect", copy, "--json").Output);
        Assert.That(json.RootElement.GetProperty("problems").GetArrayLength(), Is.Zero);
        Assert.That(json.RootElement.GetProperty("findings")[0].GetProperty("severity").GetString(), Is.EqualTo("warning"));
    }

    [Test]
    public void All_errors_of_a_dataset_come_in_one_run()
    {
        string copy = CopyOfData("broken");
        File.Delete(Path.Combine(copy, "labelsTr/ct_000.nii.gz"));
        File.WriteAllText(Path.Combine(copy, "imagesTr/mr_000_0000.nii.gz"), "no volume");
        (int code, string output, string errors) = Run("inspect", copy);
        Assert.That(code, Is.EqualTo(3));
        Assert.That(errors.TrimEnd().Split('\n'), Has.Length.EqualTo(2), errors);
        Assert.That(errors, Does.Contain("ct_000.nii.gz' is missing").And.Contain("mr_000_0000.nii.gz"));
        Assert.That(output, Does.Contain("2 errors").And.Contain("mr_001"));
    }

    [Test]
    public void A_dataset_without_domains_gets_lines_to_paste()
    {
        string copy = CopyOfData("without-domains"),
            manifest = Path.Combine(copy, "dataset.json");
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"domains\"", "\"other\""));
        (int code, string output, string errors) = Run("inspect", copy);
        Assert.That(code, Is.EqualTo(3));
        const string Line = "\"domains\": {\"CT\": [\"ct_*\"], \"MR\": [\"mr_*\"]}";
        Assert.That(output, Does.Contain($"\n  {Line}"));
        Assert.That(errors, Does.Contain(Line));
        RequireOneLine(Run("train", "--data", copy, "--out", PathOf("no-run")), 3, Line);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("\"other\"", $"{Line}, \"other\""));
        Assert.That(Run("inspect", copy).Code, Is.Zero, "the pasted line is right");
    }

    [Test]
    public void Runs_and_checkpoints_are_checked_whole()
    {
        RequireSuccess(Train("whole"));
        string run = PathOf("whole"),
            checkpoints = Path.Combine(run, "checkpoints");
        (int code, string output, string errors) = Run("inspect", run);
        Assert.That((code, errors), Is.EqualTo((0, "")));
        Assert.That(output, Does.Contain("2 of 2 steps logged").And.Contain("step-00000002").And.Contain("no errors"));
        Assert.That(Run("inspect", checkpoints).Output, Does.Contain("step-00000002").And.Contain("intact"));
        string last = Path.Combine(checkpoints, "step-00000002");
        Assert.That(Run("inspect", last).Output, Does.Contain("step-00000002").And.Not.Contain("best"));

        using (FileStream weights = File.OpenWrite(Path.Combine(last, "weights.safetensors")))
        {
            weights.Seek(-4, SeekOrigin.End);
            weights.Write([0, 0, 0xC0, 0x7F]);
        }

        File.AppendAllText(Path.Combine(run, "metrics.jsonl"), "no record\n");
        File.WriteAllText(Path.Combine(run, "model.json"), "{");
        (code, _, errors) = Run("inspect", run);
        Assert.That(code, Is.EqualTo(3));
        Assert.That(
            errors,
            Does.Contain("weights.safetensors': has hash").And.Contain("metrics.jsonl").And.Contain("model.json")
        );
        Assert.That(errors.TrimEnd().Split('\n'), Has.Length.EqualTo(3), errors);
        using JsonDocument json = JsonDocument.Parse(Run("inspect", run, "--json").Output);
        Assert.That(json.RootElement.GetProperty("problems").GetArrayLength(), Is.EqualTo(3));
        RequireOneLine(Run("inspect", last, "--json"), 3, "has hash");
    }
}
