namespace UnpairedSegEngine.Cli.Tests;

/// <summary>A command line that is none gets one line, with what was meant or what there is.</summary>
internal sealed class ArgumentProblemTests : CommandLine
{
    [TestCase("trian --data x", "'trian' is no command, did you mean train?; there are ")]
    [TestCase("foo", "'foo' is no command; there are ")]
    [TestCase("--threads 3", "'--threads' is no command")]
    [TestCase(
        "train --datta x",
        "train: there is no option --datta, did you mean --data?; all options: unpairedseg train --help"
    )]
    [TestCase("predict --split train", "predict: there is no option --split; all options")]
    [TestCase("evaluate --run a --data b --split train", "evaluate: --split: 'train' is none of val, test, all; all")]
    [TestCase("evaluate --run a --data b --split=tset", "evaluate: --split: 'tset' is none of val, test, all; all")]
    [TestCase("experiment plann --out x", "experiment: 'plann' is none of all, plan, run, report, did you mean plan?; all")]
    [TestCase("bench foo", "bench: 'foo' is none of layers, ")]
    [TestCase("train --data x", "train: --out is missing; it is always needed; all options")]
    [TestCase("train --out", "train: --out has no value; all options")]
    public void What_is_no_command_line_gets_one_line(string arguments, string says) =>
        RequireOneLine(Run(arguments.Split(' ')), 2, says);

    [Test]
    public void A_dry_run_says_what_would_be_trained_and_writes_nothing()
    {
        (int code, string output, string errors) = Train("dry", "--dry-run");
        Assert.That(code, Is.Zero, errors);
        Assert.That(
            output,
            Does.Contain("dry run: ummkd would train 2 steps").And.Contain("4 cases of CT and MR (2 to validate)")
        );
        Assert.That(Directory.Exists(PathOf("dry")), Is.False);
        RequireOneLine(Train("dry", "--dry-run", "--fold", "3"), 2, "fold 3");
    }

    [Test]
    public void Info_is_also_for_scripts()
    {
        (int code, string output, string errors) = Run("info", "--json");
        Assert.That(code, Is.Zero, errors);
        using var read = System.Text.Json.JsonDocument.Parse(output);
        Assert.That(read.RootElement.GetProperty("unpairedseg").GetString(), Does.Match(@"^\d+\.\d+\.\d+"));
    }
}
