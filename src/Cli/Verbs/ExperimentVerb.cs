using System.Globalization;
using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Experiments;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Progress;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>What to do with an experiment.</summary>
internal enum ExperimentAction
{
    /// <summary>Plan, run and report.</summary>
    All,
    Plan,
    Run,
    Report,
}

[Verb(
    "experiment",
    HelpText = "Compare variants of a method: plan the runs, train and score each, and write the tables. Started again, it "
        + "goes on; 'experiment plan', 'run' and 'report' are its parts, for clusters."
)]
internal sealed class ExperimentVerb : DeviceVerb
{
    [Value(
        0,
        MetaName = "action",
        Default = ExperimentAction.All,
        HelpText = "plan, run (all that is missing, or one --job) or report; all of them if not given."
    )]
    public ExperimentAction Action { get; init; }

    [Option("data", HelpText = "Dataset folder; needed to plan, and after it was moved.")]
    public string? Data { get; init; }

    [Option("out", Required = true, HelpText = "Folder of the experiment: plan, runs and report.")]
    public string Out { get; init; } = "";

    [Option(
        "variants",
        Separator = ',',
        HelpText = "What is compared, separated by commas: ummkd's schemes (individual, joint, joint-norm, y-shape, x-shape, "
            + "ummkd, alternating, style-mixing, prototypes, conditioned, averaged) or another method's variants (config "
            + "--methods lists them), with settings of their own if wanted (ummkd+loss.kd.weight=2); all, which is also meant if "
            + "nothing is given."
    )]
    public IEnumerable<string> VariantNames { get; init; } = [];

    [Option("schemes", Separator = ',', HelpText = "The name of --variants in version 0.1.0.")]
    public IEnumerable<string> SchemeNames { get; init; } = [];

    [Option("seeds", Separator = ',', HelpText = "Seeds, separated by commas; 0 if not given.")]
    public IEnumerable<long> Seeds { get; init; } = [];

    [Option(
        "folds",
        HelpText = "Folds, 1 if not given: those of the dataset's splits_final.json, or made by shuffling its cases."
    )]
    [AtLeast(1)]
    public int? Folds { get; init; }

    [Option(
        "judge",
        HelpText = "Cases to judge on: test or validation; test where there is one fold and labelled test cases, if not given."
    )]
    public JudgedCases? Judge { get; init; }

    [Option(
        "compare",
        Separator = ',',
        HelpText = "Two variants that the report holds against each other, paired by seed and case, with intervals: "
            + "ummkd,joint-norm. They are what is planned if --variants is not given. all,joint-norm: every other variant "
            + "against joint-norm."
    )]
    public IEnumerable<string> Compare { get; init; } = [];

    [Option("power", HelpText = "With --compare: how many seeds it takes to find a gain.")]
    public bool WithPower { get; init; }

    [Option("gain", HelpText = "With --power: the difference that would matter, in the main score; 0.01 if not given.")]
    public double? Gain { get; init; }

    [Option(
        "search-rate",
        Separator = ',',
        HelpText = "Learning rates, separated by commas, of which each variant takes the one that is best on its validations."
    )]
    public IEnumerable<double> Rates { get; init; } = [];

    [Option("config", HelpText = "YAML file, or preset, with the settings that all runs have in common.")]
    public string? Config { get; init; }

    [Option("set", HelpText = "Settings that overrule the file: key.path=value ...")]
    public IEnumerable<string> Set { get; init; } = [];

    [Option("job", HelpText = "With run: only this job of the plan, from 0.")]
    [AtLeast(0)]
    public int? Job { get; init; }

    [Option("jobs", Default = 1, HelpText = "Runs at a time; they share the threads.")]
    [AtLeast(1)]
    public int Jobs { get; init; }

    [Option("threads", Default = 0, HelpText = "Threads in all; 0 for all cores.")]
    [AtLeast(0)]
    public int Threads { get; init; }

    private IEnumerable<string> Asked => VariantNames.Any() ? VariantNames : SchemeNames;

    public override int Run(string[] arguments)
    {
        if (VariantNames.Any() && SchemeNames.Any())
            throw new UsageException("--schemes is an older name of --variants; give one of them");
        RequireComparable();
        ExperimentPlan plan = Action is ExperimentAction.Run or ExperimentAction.Report ? ExperimentPlan.Open(Out) : PlanOrGoOn();
        Comparison? comparison = ComparisonOf(plan);
        if (Action is ExperimentAction.Plan)
        {
            for (int i = 0; i < plan.Jobs.Count; i++)
                Console.WriteLine($"{i} {plan.Jobs[i].Name}");
            return ExitCode.Ok;
        }

        var data = ExperimentData.Open(Data ?? plan.Data, plan.Config.Method.Task);
        var runner = new ExperimentRunner(plan, data, arguments);
        runner.RequireDataset();
        if (Action is not ExperimentAction.Report)
            RunJobs(plan, runner);
        if (Action is ExperimentAction.Run)
            return ExitCode.Ok;
        ExperimentReport report = ExperimentReport.Collect(plan, data, comparison);
        report.Write();
        Console.WriteLine(report.Summary);
        Console.WriteLine(
            $"report: {Path.Combine(Out, ExperimentReport.HtmlName)}, {Path.Combine(Out, ExperimentReport.MarkdownName)}, "
                + $"{Path.Combine(Out, ExperimentReport.CsvName)}"
        );
        return ExitCode.Ok;
    }

    private ExperimentPlan PlanOrGoOn()
    {
        if (ExperimentPlan.Exists(Out))
        {
            ExperimentPlan earlier = ExperimentPlan.Open(Out);
            return OtherThan(earlier) is { } other
                ? throw new UsageException(
                    $"--out '{Out}' holds an experiment with other {other}; choose another folder, or leave the option "
                        + "out to go on with it"
                )
                : earlier;
        }

        if (Data is null)
            throw new UsageException("--data is needed to plan an experiment");
        TrainingConfig config = ConfigLoader.Load(Config, Set);
        return ExperimentPlan.Create(
            Out,
            ExperimentData.Open(Data, config.Method.Task),
            config,
            Named(config, Asked.Any() || Compare.Contains(Comparison.AllVariants) ? Asked : Compare),
            Seeds.Any() ? [.. Seeds] : [0],
            Folds ?? 1,
            Judge,
            [.. Rates]
        );
    }

    /// <summary>Variants by the names of the command line; all where it names none, or "all".</summary>
    private static string[] Named(TrainingConfig config, IEnumerable<string> names) =>
        names.Any() && !names.SequenceEqual(["all"])
            ? [.. names.Select(name => VariantName.Parse(config, name).Name)]
            : [.. ExperimentPlan.VariantsOf(config).Select(variant => variant.Name)];

    private void RequireComparable()
    {
        const double LeastGain = 1e-6;
        if (Compare.Any() && Compare.Count() != 2)
            throw new UsageException($"--compare has {Compare.Count()} variants, expected two: ummkd,joint-norm");
        if (!Compare.Any() && (WithPower || Gain is not null))
            throw new UsageException("--power and --gain say more of a comparison; give --compare FIRST,SECOND");
        if (Gain is not null && !WithPower)
            throw new UsageException("--gain is what --power looks for; give both");
        if (Gain is { } gain && !(gain >= LeastGain && gain <= 1))
            throw new UsageException(
                $"--gain is {gain.ToString(CultureInfo.InvariantCulture)}, expected a number from 1e-6 to 1"
            );
    }

    /// <exception cref="UsageException">The plan does not have both variants, or they are one.</exception>
    private Comparison? ComparisonOf(ExperimentPlan plan)
    {
        const double UsualGain = 0.01;
        if (!Compare.Any())
            return null;
        string[] pair =
        [
            Compare.First() is Comparison.AllVariants ? Comparison.AllVariants : Name(Compare.First()),
            Name(Compare.Last()),
        ];
        if (pair[0] == pair[1])
            throw new UsageException($"--compare names {pair[0]} twice");
        if (pair.FirstOrDefault(name => name != Comparison.AllVariants && !plan.Variants.Contains(name)) is { } absent)
            throw new UsageException(
                $"--compare: {absent} is not part of the experiment, which has {string.Join(", ", plan.Variants)}"
            );
        return new Comparison(pair[0], pair[1], WithPower ? Gain ?? UsualGain : null);

        string Name(string asked) => VariantName.Parse(plan.Config, asked).Name;
    }

    /// <summary>What was asked for and is not the plan's. Data may have moved: the jobs compare what it holds.</summary>
    private string? OtherThan(ExperimentPlan earlier)
    {
        if (Asked.Any() && !Named(earlier.Config, Asked).SequenceEqual(earlier.Variants))
            return "variants";
        if (Seeds.Any() && !Seeds.SequenceEqual(earlier.JudgedJobs.Select(job => job.Seed).Distinct()))
            return "seeds";
        if (Folds is { } folds && folds != earlier.JudgedJobs.Max(job => job.Fold) + 1)
            return "folds";
        if (Rates.Any() && !Rates.SequenceEqual(earlier.Rates))
            return "learning rates to search";
        if (Judge is { } judge && judge != earlier.Judged)
            return "cases to judge on";
        return Config is null && !Set.Any() ? null
            : RunSettings
                .Differences(RunSettings.Of(earlier.Config), RunSettings.Of(ConfigLoader.Load(Config, Set)))
                .FirstOrDefault()
                is { } setting
                ? $"settings: {setting}"
            : null;
    }

    private void RunJobs(ExperimentPlan plan, ExperimentRunner runner)
    {
        if (Job is < 0 || Job >= plan.Jobs.Count)
            throw new UsageException($"--job {Job}: the plan has the jobs 0 to {plan.Jobs.Count - 1}");
        if (Jobs < 1)
            throw new UsageException($"--jobs is {Jobs}, expected a whole number from 1");
        using var stop = new StopSignal();
        ExperimentJob[] jobs = [.. (Job is { } one ? [plan.Jobs[one]] : plan.Jobs).Where(job => !runner.IsFinished(job))];
        Arithmetic? recorded = runner.Recorded;
        Arithmetic arithmetic = ArithmeticLike(recorded);
        int threads = Math.Max(1, (Threads == 0 ? Environment.ProcessorCount : Threads) / Jobs);
        int done = plan.Jobs.Count - jobs.Length;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Jobs };

        // Teachers, and the search for a rate, before those who need them.
        var left = jobs.ToList();
        while (left.Count > 0)
        {
            ExperimentJob[] wave = [.. left.Where(job => !plan.NeededBy(job).Any(left.Contains))];
            left.RemoveAll(wave.Contains);
            Parallel.ForEach(wave, parallel, RunJob);
        }

        void RunJob(ExperimentJob job)
        {
            try
            {
                stop.Token.ThrowIfCancellationRequested();
                using OpenedBackend opened = OpenBackend(threads, recorded);
                runner.Run(job, opened.Backend, arithmetic, threads, new JobProgress(job.Name, Console.Out), stop.Token);
                Console.WriteLine($"[{Interlocked.Increment(ref done)}/{plan.Jobs.Count}] {job.Name} finished");
            }
            catch
            {
                // The others end after their step, with a checkpoint.
                stop.Request();
                throw;
            }
        }
    }
}
