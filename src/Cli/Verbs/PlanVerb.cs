using System.Text.Json;
using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Bench.Planning;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "plan",
    HelpText = "Measure a dataset and write a configuration for it, sized for a time and the memory there is, each choice with its "
        + "reason."
)]
internal sealed class PlanVerb : DeviceVerb
{
    public const string MemoryHelp =
        "Memory that training may take, such as 4GB or 3.5GiB; what machine and container have, if not given.";

    /// <summary>A night.</summary>
    public const double DefaultHours = 8;

    /// <summary>The plan in a run's folder.</summary>
    public const string FileName = "plan.yaml";

    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    [Option("data", Required = true, HelpText = "Dataset folder, nnU-Net v2 raw layout with a 'domains' key in dataset.json.")]
    public string Data { get; init; } = "";

    [Option("out", HelpText = "Write the configuration to this YAML file, with the reasons as comments.")]
    public string? Out { get; init; }

    [Option("hours", Default = DefaultHours, HelpText = "Time that training is to take on this machine.")]
    public double Hours { get; init; }

    [Option("memory", HelpText = MemoryHelp)]
    public string? Memory { get; init; }

    [Option("network", HelpText = "unet3d or dilated2d; chosen by the number of slices if not given.")]
    public NetworkName? Network { get; init; }

    [Option("fold", HelpText = "Which split of splits_final.json: its training cases are measured.")]
    [AtLeast(0)]
    public int Fold { get; init; }

    [Option(
        "gflops",
        HelpText = "10^9 operations of convolutions a second that the machine does in training, to plan for another one; measured by "
            + "a few steps if not given."
    )]
    public double? Gflops { get; init; }

    [Option("threads", Default = 0, HelpText = "Threads; 0 for all cores.")]
    [AtLeast(0)]
    public int Threads { get; init; }

    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; init; }

    [Option("overwrite", HelpText = ResultFiles.OverwriteHelp)]
    public bool Overwrite { get; init; }

    public override int Run(string[] arguments)
    {
        if (Hours is not (> 0 and <= 10_000) || Gflops <= 0)
            throw new UsageException(
                FormattableString.Invariant($"--hours is {Hours}, --gflops {Gflops}: expected above 0, at most 10000 hours")
            );
        ResultFiles.Check(Overwrite, ("--out", Out));
        var limit = MemoryLimit.Of(Memory);
        var dataset = SegmentationDataset.Open(Data);
        int threads = Threads == 0 ? Environment.ProcessorCount : Threads;
        using OpenedBackend opened = OpenBackend(threads);
        TrainingPlan plan = Make(
            dataset,
            dataset.Split(Fold).Train,
            new PlanBudget(Hours, limit, opened.Backend.Device.IsHost, Network, Gflops),
            opened.Backend,
            threads
        );
        if (Out is not null)
            AtomicFile.WriteText(Out, plan.Write);
        if (Json)
        {
            Console.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        plan.Fingerprint,
                        plan.Settings,
                        plan.Memory,
                        plan.StepGflop,
                        plan.StepSeconds,
                        plan.TimeOrigin,
                    },
                    Format
                )
            );
            return ExitCode.Ok;
        }

        PlanText.WriteFingerprint(plan.Fingerprint);
        PlanText.WriteSettings(plan);
        Console.WriteLine(
            Out is null
                ? $"nothing was written; with --out FILE, or at once: {CommandText.Of("train", "--data", Data, "--out", "RUN")}"
                : $"next: {CommandText.Of("train", "--data", Data, "--config", Out, "--out", "RUN")}"
        );
        return ExitCode.Ok;
    }

    /// <summary>Measures cases and plans for them.</summary>
    public static TrainingPlan Make(
        SegmentationDataset dataset,
        IReadOnlyList<DatasetCase> cases,
        PlanBudget budget,
        Backend backend,
        int threads
    ) =>
        new Planner(
            dataset,
            FingerprintReader.Measure(dataset, cases, threads),
            budget,
            new MeasuredSteps(backend).Measure
        ).Run();
}
