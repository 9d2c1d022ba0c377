using System.Globalization;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Cli.Verbs;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>What is typed for options means one thing, on every machine.</summary>
internal sealed class OptionTests : CommandLine
{
    [TestCase("--tolerance", "1,5")]
    [TestCase("--tolerance", "1.000,5")]
    [TestCase("--tolerance", " 1")]
    [TestCase("--tolerance", "1 ")]
    [TestCase("--tolerance", "NaN")]
    [TestCase("--tolerance", "Infinity")]
    [TestCase("--tolerance", "-1")]
    [TestCase("--tolerance", "0x1")]
    [TestCase("--tolerance", "")]
    [TestCase("--fold", "1e3")]
    [TestCase("--fold", "1.0")]
    [TestCase("--fold", "1,000")]
    [TestCase("--fold", "-1")]
    [TestCase("--threads", "99999999999")]
    [TestCase("--overlap", "0,5")]
    public void A_number_that_is_none_is_refused_by_its_option(string option, string value)
    {
        RequireOneLine(Run("evaluate", "--predictions", "a", "--references", "b", option, value), 2, option, $"'{value}'");
        RequireOneLine(Run("evaluate", $"{option}={value}", "--predictions", "a", "--references", "b"), 2, option, $"'{value}'");
    }

    [TestCase("experiment --out x --seeds 0,1.5", "--seeds is '1.5'")]
    [TestCase("experiment --out x --seeds 0 1e2", "--seeds is '1e2'")]
    [TestCase("phantom --out x --seed -1", "--seed is '-1'")]
    [TestCase("phantom --out x --train 0", "--train is '0', expected a whole number such as 2, from 1")]
    [TestCase("bench step --seconds 1,5", "--seconds is '1,5'")]
    [TestCase("bench step --iters 0", "--iters is '0'")]
    [TestCase("demo kd-net --steps 5", "--steps is for 'demo ummkd'")]
    public void So_are_those_of_other_verbs_and_of_lists(string arguments, string problem) =>
        RequireOneLine(Run(arguments.Split(' ')), 2, problem);

    [Test]
    public void A_machine_that_writes_decimal_commas_reads_the_same()
    {
        CultureInfo culture = CultureInfo.CurrentCulture,
            german = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        (german.NumberFormat.NumberDecimalSeparator, german.NumberFormat.NumberGroupSeparator) = (",", ".");
        try
        {
            CultureInfo.CurrentCulture = german;
            string[] Arguments(string value) => ["evaluate", "--tolerance", value];
            Assert.That(() => NumericOptions.Check([typeof(EvaluateVerb)], Arguments("1,5")), Throws.TypeOf<UsageException>());
            Assert.That(() => NumericOptions.Check([typeof(EvaluateVerb)], Arguments("1.5")), Throws.Nothing);
            Assert.That(() => NumericOptions.Check([typeof(EvaluateVerb)], Arguments("1e-3")), Throws.Nothing);
            string labels = Path.Combine(Data, "labelsTs"),
                json = PathOf("german.json");
            Assert.That(
                Run("evaluate", "--predictions", labels, "--references", labels, "--tolerance", "1.5", "--json", json).Code,
                Is.Zero
            );
            Assert.That(File.ReadAllText(json), Does.Contain("\"tolerance_mm\": 1.5"));
            RequireOneLine(Train("german", "--set", "optimizer.learning_rate=0,5"), 2, "optimizer.learning_rate is '0,5'");
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }
    }

    [TestCase("training.steps=5 0")]
    [TestCase("training.steps=1e3")]
    [TestCase("training.steps=1,000")]
    [TestCase("optimizer.learning_rate=NaN")]
    [TestCase("optimizer.learning_rate=1,5")]
    [TestCase("optimizer.learning_rate=Infinity")]
    public void Settings_are_as_strict(string setting) =>
        RequireOneLine(Train("strict", "--set", setting), 2, setting.Split('=')[0]);

    [Test]
    public void Names_may_hold_commas_and_blanks()
    {
        Assert.That(
            NameList.Parse("--classes", ["liver, left kidney", "vessel\\, left"]),
            Is.EqualTo(new[] { "liver", "left kidney", "vessel, left" })
        );
        Assert.That(NameList.Parse("--classes", []), Is.Empty);
        Assert.That(() => NameList.Parse("--classes", ["a,"]), Throws.TypeOf<UsageException>().With.Message.Contains("empty"));
        Assert.That(
            () => NameList.Parse("--classes", ["a,b", "a"]),
            Throws.TypeOf<UsageException>().With.Message.Contains("'a' is named twice")
        );
    }

    [Test]
    public void Reports_replace_nothing_unless_asked()
    {
        string labels = Path.Combine(Data, "labelsTs"),
            report = PathOf("mine.txt");
        File.WriteAllText(report, "mine");
        foreach (string option in (string[])["--json", "--csv", "--markdown"])
            RequireOneLine(
                Run("evaluate", "--predictions", labels, "--references", labels, option, report),
                2,
                option,
                "mine.txt",
                "--overwrite"
            );
        RequireOneLine(Run("profile", "--trace", report), 2, "--trace");
        RequireOneLine(Run("bench", "step", "--json", report), 2, "--json");
        RequireOneLine(Run("bench", "convolutions", "--problem", "x", "--json", report), 2, "--json");
        RequireOneLine(Run("kernels", "--compile", "sm_80", "--ledger", report), 2, "--ledger");
        RequireOneLine(Run("kernels", "--compile", "sm_80", "--out", Folder), 2, "--out", "--overwrite");
        Assert.That(File.ReadAllText(report), Is.EqualTo("mine"));
        RequireOneLine(
            Run("evaluate", "--predictions", labels, "--references", labels, "--json", PathOf("r"), "--csv", PathOf("r")),
            2,
            "is the file of --json, too"
        );
        RequireOneLine(
            Run("evaluate", "--predictions", labels, "--references", labels, "--json", PathOf("gone/r")),
            2,
            "the folder is missing"
        );
        RequireOneLine(Run("evaluate", "--predictions", labels, "--references", labels, "--json", Folder), 2, "is a folder");
        Assert.That(
            Run("evaluate", "--predictions", labels, "--references", labels, "--json", report, "--overwrite").Code,
            Is.Zero
        );
        Assert.That(File.ReadAllText(report), Does.Contain("mean_dice"));
    }

    [Test]
    public void Inspect_shows_what_is_wrong_and_what_is_left_out()
    {
        string folder = Directory.CreateDirectory(PathOf("volumes")).FullName;
        File.Copy(Path.Combine(Data, "labelsTr", "ct_000.nii.gz"), Path.Combine(folder, "a.nii.gz"));
        File.WriteAllText(Path.Combine(folder, "readme.txt"), "");
        (int code, string output, string errors) = Run("inspect", folder);
        Assert.That((code, errors), Is.EqualTo((0, "")));
        Assert.That(output, Does.Contain("1 volumes").And.Contain("a.nii.gz").And.Contain("1 file that is no NIfTI"));
        File.WriteAllText(Path.Combine(folder, "b.nii"), "no volume");
        RequireOneLine(Run("inspect", folder), 3, "b.nii");
        RequireOneLine(Run("inspect", folder, "--json"), 3, "b.nii");
    }
}
