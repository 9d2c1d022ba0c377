using System.Diagnostics;
using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Experiments as a user runs them, and as they survive being killed.</summary>
internal sealed partial class ExperimentVerbTests : CommandLine
{
    private static readonly string[] Small =
    [
        "--set",
        "network.channels=2",
        "data.size=32",
        "training.batch=1",
        "training.steps=12",
        "training.validate_every=6",
        "training.save_every=3",
        "training.log_every=3",
    ];

    [Test]
    public void All_variants_are_planned_run_and_reported()
    {
        string experiment = PathOf("all");
        (int code, string output, string errors) = Run([
            "experiment",
            "--data",
            Data,
            "--out",
            experiment,
            "--jobs",
            "2",
            .. Small,
            "training.steps=2",
        ]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("[11/11]").And.Contain("report.html"));
        string page = File.ReadAllText(Path.Combine(experiment, "report.html"));
        foreach (
            string part in new[]
            {
                "individual",
                "y-shape",
                "Paired differences",
                "<svg",
                "data:image/png;base64,",
                "true class",
                "HD95, mm",
                "ASSD, mm",
                "Missed and hallucinated organs",
                "penalized",
                "rank",
            }
        )
            Assert.That(page, Does.Contain(part));
        Assert.That(page, Does.Not.Contain("<script").And.Not.Contain("<link").And.Not.Contain("src=\"http"));
        Assert.That(File.ReadAllLines(Path.Combine(experiment, "report.csv")), Has.Length.EqualTo(1 + (11 * 2 * 4)));

        RequireOneLine(Run("experiment", "--out", experiment, "--seeds", "7"), 2, "other seeds");
        RequireOneLine(Run("experiment", "--out", experiment, "--folds", "2"), 2, "other folds");
        RequireOneLine(
            Run(["experiment", "--out", experiment, .. Small, "training.steps=3"]),
            2,
            "training.steps was 2 and is 3 now"
        );
        (code, output, errors) = Run("experiment", "--out", experiment, "--variants", "all");
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Not.Contain("step"), "finished jobs are not run again");
        (code, output, errors) = Run([
            "experiment",
            "plan",
            "--data",
            Data,
            "--out",
            PathOf("named"),
            "--variants",
            "all",
            .. Small,
        ]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output.Split('\n'), Has.Some.EqualTo("10 averaged-seed0-fold0"));
    }

    [Test]
    public void A_job_by_itself_and_a_report_of_what_there_is()
    {
        string experiment = PathOf("jobs");
        (int code, string output, string errors) = Run([
            "experiment",
            "plan",
            "--data",
            Data,
            "--out",
            experiment,
            "--schemes", // the option's first name
            "joint-norm,ummkd",
            "--seeds",
            "3,4",
            "--folds",
            "1",
            .. Small,
            "training.steps=2",
        ]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(
            output.ReplaceLineEndings("\n"),
            Is.EqualTo("0 joint-norm-seed3-fold0\n1 ummkd-seed3-fold0\n2 joint-norm-seed4-fold0\n3 ummkd-seed4-fold0\n")
        );
        RequireOneLine(Run("experiment", "report", "--out", experiment), 3, "no job is finished yet");
        RequireOneLine(Run("experiment", "run", "--out", experiment, "--job", "4"), 2, "jobs 0 to 3");

        (code, output, errors) = Run("experiment", "run", "--out", experiment, "--job", "2");
        Assert.That(code, Is.Zero, errors);
        Assert.That(
            Directory.GetDirectories(Path.Combine(experiment, "runs")).Select(Path.GetFileName),
            Is.EqualTo(new[] { "joint-norm-seed4-fold0" })
        );
        (code, _, errors) = Run("experiment", "report", "--out", experiment);
        Assert.That(code, Is.Zero, errors);
        Assert.That(
            File.ReadAllText(Path.Combine(experiment, "report.md")),
            Does.Contain("Not finished, and not in the tables: joint-norm-seed3-fold0, ummkd-seed3-fold0, ummkd-seed4-fold0.")
        );
    }

    [Test]
    public void Folds_are_made_and_every_case_is_judged_once()
    {
        string experiment = PathOf("folds"),
            data = CopyOfData("unsplit");
        File.Delete(Path.Combine(data, "splits_final.json"));
        (int code, _, string errors) = Run([
            "experiment",
            "--data",
            data,
            "--out",
            experiment,
            "--variants",
            "joint-norm",
            "--folds",
            "3",
            .. Small,
            "training.steps=2",
        ]);
        Assert.That(code, Is.Zero, errors);
        string[] judged =
        [
            .. File.ReadAllLines(Path.Combine(experiment, "report.csv"))
                .Skip(1)
                .Select(line => line.Split(',')[3])
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];
        Assert.That(judged, Is.EqualTo(new[] { "ct_000", "ct_001", "ct_002", "mr_000", "mr_001", "mr_002" }));
        RequireOneLine(
            Run("experiment", "--data", data, "--out", PathOf("many"), "--folds", "4"),
            2,
            "4 folds: modality CT has 3 cases only"
        );
        RequireOneLine(Run("experiment", "--data", Data, "--out", PathOf("many"), "--folds", "2"), 2, "has 1;");
    }

    /// <summary>Each variant at its own best rate, found by runs that are not judged; then one against the other.</summary>
    [Test]
    public void Rates_are_searched_and_two_variants_compared()
    {
        string experiment = PathOf("compared");
        string[] arguments =
        [
            "experiment",
            "--data",
            Data,
            "--out",
            experiment,
            "--compare",
            "ummkd,joint-norm",
            "--power",
            "--seeds",
            "0,1",
            "--search-rate",
            "1e-4,1e30",
            .. Small,
            "training.steps=2",
            "training.validate_every=1",
        ];
        (int code, string output, string errors) = Run(arguments);
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("[8/8]").And.Contain("ummkd against joint-norm").And.Contain("Few seeds (2)"));
        string report = File.ReadAllText(Path.Combine(experiment, "report.md"));
        Assert.That(report, Does.Contain("| step | seeds | ummkd | joint-norm | difference |").And.Contain("seeds for 0.01"));
        Assert.That(report, Does.Match(@"\| ummkd \| 0\.\d{3} \| (diverged|0\.\d{3}) \| 0\.0001 \|"));
        string rate = File.ReadAllLines(Path.Combine(experiment, "runs", "ummkd-seed0-fold0", "config.yaml"))
            .Single(line => line.Contains("learning_rate"));
        Assert.That(rate.Trim(), Is.EqualTo("learning_rate: 0.0001"));
        Assert.That(
            File.ReadAllLines(Path.Combine(experiment, "report.csv")).Select(line => line.Split(',')[1]).Distinct(),
            Is.EqualTo(new[] { "seed", "0", "1" }),
            "the search is not judged"
        );

        RequireOneLine(Run("experiment", "--out", experiment, "--search-rate", "1e-3,1e-4"), 2, "other learning rates");
        RequireOneLine(
            Run("experiment", "report", "--out", experiment, "--compare", "ummkd,joint"),
            2,
            "joint is not part of the experiment, which has ummkd, joint-norm"
        );
        (code, output, errors) = Run("experiment", "report", "--out", experiment, "--compare", "all,ummkd");
        Assert.That(code, Is.Zero, errors);
        Assert.That(output, Does.Contain("joint-norm against ummkd"));
    }

    [TestCase("--compare ummkd", "--compare has 1 variants, expected two")]
    [TestCase("--compare ummkd,ummkd", "named twice")]
    [TestCase("--power", "give --compare FIRST,SECOND")]
    [TestCase("--compare ummkd,joint --gain 0.1", "--gain is what --power looks for")]
    [TestCase("--compare ummkd,joint --power --gain 0", "--gain is 0, expected a number from 1e-6 to 1")]
    [TestCase("--search-rate 0.1", "1 learning rates to search, expected 2")]
    [TestCase("--search-rate 0.1,0", "a learning rate is not above 0")]
    [TestCase("--search-rate 0.1,1e-1", "a learning rate is named twice")]
    [TestCase("--search-rate 0.1,0.2 --set training.validate_every=0", "--search-rate chooses by validations")]
    public void Comparisons_that_cannot_be_are_refused_in_one_line(string arguments, string problem)
    {
        RequireOneLine(Run(["experiment", "--data", Data, "--out", PathOf("refused"), .. arguments.Split(' ')]), 2, problem);
        Assert.That(Directory.Exists(PathOf("refused")), Is.False);
    }

    [Test]
    public void Bad_arguments_are_one_line()
    {
        RequireOneLine(Run("experiment", "--out", PathOf("none")), 2, "--data is needed");
        RequireOneLine(Run("experiment", "run", "--out", PathOf("none")), 3, "holds no experiment");
        RequireOneLine(
            Run("experiment", "--data", Data, "--out", PathOf("none"), "--variants", "z-shape"),
            2,
            "variant 'z-shape' is not known; the method ummkd has individual, joint, joint-norm"
        );
        RequireOneLine(Run("experiment", "--data", Data, "--out", PathOf("none"), "--seeds", "1,1"), 2, "named twice");
        RequireOneLine(
            Run("experiment", "--data", Data, "--out", PathOf("none"), "--variants", "joint", "--schemes", "ummkd"),
            2,
            "--schemes is an older name of --variants; give one of them"
        );
        RequireOneLine(
            Run("experiment", "--data", Data, "--out", PathOf("none"), "--set", "network.norm.sharing=shared"),
            2,
            "scheme individual share nothing"
        );
        RequireOneLine(Run("experiment", "--data", Data, "--out", Folder), 3, "holds no experiment");
        Assert.That(Directory.Exists(PathOf("none")), Is.False);
    }

    [Test]
    public void Killed_five_times_it_ends_with_the_tables_of_an_undisturbed_one()
    {
        string whole = PathOf("whole"),
            killed = PathOf("killed");
        string[] arguments = ["experiment", "--data", Data, "--variants", "individual,ummkd", "--seeds", "0,1", .. Small];
        (int code, _, string errors) = Run([.. arguments, "--out", whole]);
        Assert.That(code, Is.Zero, errors);

        var random = new System.Random(5);
        for (int i = 0; i < 5; i++)
        {
            using Process process = Process.Start(
                new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. arguments, "--out", killed])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                }
            )!;
            if (!process.WaitForExit(random.Next(600, 2500)))
                process.Kill();
            process.WaitForExit();
        }

        (code, _, errors) = Run([.. arguments, "--out", killed]);
        Assert.That(code, Is.Zero, errors);
        Assert.That(
            File.ReadAllText(Path.Combine(killed, "report.csv")),
            Is.EqualTo(File.ReadAllText(Path.Combine(whole, "report.csv")))
        );
        Assert.That(WithoutTimes(killed), Is.EqualTo(WithoutTimes(whole)));
    }

    /// <summary>The tables without their last columns of one plain number: the training times.</summary>
    private static string WithoutTimes(string experiment) =>
        LastNumber().Replace(File.ReadAllText(Path.Combine(experiment, "report.md")), "|");

    [GeneratedRegex(@"\| \d+\.\d \|$", RegexOptions.Multiline)]
    private static partial Regex LastNumber();
}
