using System.Globalization;
using CommandLine;
using Spectre.Console;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Bench.Modelling;
using UnpairedSegEngine.Bench.Profiling;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "profile",
    HelpText = "Time each operation of a training step or a prediction, against the device's peaks; or predict a step's "
        + "kernels on a GPU that is not there: 'profile --model h100'."
)]
internal sealed class ProfileVerb : DeviceVerb
{
    private const int MostRows = 40;

    [Option("config", HelpText = "YAML file or preset: network, sizes, scheme, losses.")]
    public string? Config { get; init; }

    [Option("set", HelpText = "Settings that overrule the file: key.path=value ...")]
    public IEnumerable<string> Set { get; init; } = [];

    [Option("network", HelpText = "Network: dilated2d or unet3d; as --set network.name=...")]
    public string? Network { get; init; }

    [AtLeast(0)]
    [Option("threads", Default = 0, HelpText = "Threads; 0 for all cores.")]
    public int Threads { get; init; }

    [Option("predict", HelpText = "A forward pass of one sample instead of a training step.")]
    public bool Prediction { get; init; }

    [Option("layers", HelpText = "A row per operation and size, not only per operation.")]
    public bool Layers { get; init; }

    [Option("kernels", HelpText = "Also a row per CUDA kernel.")]
    public bool Kernels { get; init; }

    [Option("trace", HelpText = "Also write a trace for chrome://tracing or ui.perfetto.dev to this JSON file.")]
    public string? Trace { get; init; }

    [Option("picture", HelpText = "Also draw the roofline to this SVG or PNG.")]
    public string? Picture { get; init; }

    [Option(
        "model",
        HelpText = "Predict the training step's kernels on this GPU, on any machine, from the costs of their loops: "
            + GpuModel.Names
            + ". Products in bf16 if --precision is not given."
    )]
    public string? Model { get; init; }

    [Option("costs", HelpText = "With --model: costs of kernels by tools/kernel-costs.py, instead of those of these kernels.")]
    public string? CostsFile { get; init; }

    [Option("against", HelpText = "With --model: the --trace of the same step on a GPU, to be set beside the prediction.")]
    public string? Against { get; init; }

    [Option("assumptions", HelpText = "With --model: also what the GPU is taken to do.")]
    public bool Assumptions { get; init; }

    [Option("json", HelpText = "With --model: also write the prediction to this JSON file.")]
    public string? Json { get; init; }

    [Option("overwrite", HelpText = ResultFiles.OverwriteHelp)]
    public bool Overwrite { get; init; }

    public override int Run(string[] arguments)
    {
        RequireOptionsOfOneKind();
        TrainingConfig config = ConfigLoader.Load(
            Config,
            Set,
            Network is null ? [] : [new ConfigSetting("network.name", Network, "--network")]
        );
        ResultFiles.Check(Overwrite, ("--trace", Trace), ("--picture", Picture), ("--json", Json));
        if (Model is not null)
        {
            Predict(GpuModel.Find(Model), config);
            return ExitCode.Ok;
        }

        RequireTimedOperations();
        int threads = Threads == 0 ? Environment.ProcessorCount : Threads;
        using OpenedBackend opened = OpenBackend(threads);
        StepProfile profile = StepProfiler.Run(config, opened.Backend, threads, Prediction);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{opened.Backend.Description}: {profile.Records.Count} operations, {profile.TotalMilliseconds:F1} ms; "
                    + $"peaks{(opened.Backend.Peaks is null ? " measured" : " by its highest clocks")}: {profile.PeakGFlops:F0} "
                    + $"GFLOP/s, {profile.PeakGBytes:F0} GB/s; device memory {opened.Backend.Device.Pool.PeakLiveBytes >> 20} "
                    + $"MiB"
            )
        );
        Write(profile, Layers ? profile.BySize : profile.ByName, "operation");
        if (Kernels)
            Write(profile, profile.ByKernel, "kernel");
        if (Trace is not null)
            profile.WriteTrace(Trace);
        if (Picture is not null)
            RooflinePicture.Write(Picture, profile);
        return ExitCode.Ok;
    }

    /// <exception cref="UsageException">An option is of measured profiles and another of predicted ones.</exception>
    private void RequireOptionsOfOneKind()
    {
        (string Option, bool IsGiven)[] measuring =

            [
                ("--device", GivenDevice is not null),
                ("--kernels", Kernels),
                ("--trace", Trace is not null),
                ("--picture", Picture is not null),
                ("--no-graph", NoGraph),
                ("--exact", Exact),
                ("--threads", Threads != 0),
            ],
            predicting =

            [
                ("--costs", CostsFile is not null),
                ("--against", Against is not null),
                ("--assumptions", Assumptions),
                ("--json", Json is not null),
            ];
        if (Model is not null && measuring.FirstOrDefault(option => option.IsGiven).Option is { } timed)
            throw new UsageException($"{timed} is for what runs, and --model predicts; leave one of them out");
        if (Model is null && predicting.FirstOrDefault(option => option.IsGiven).Option is { } predicted)
            throw new UsageException($"{predicted} is for predictions; add --model ({GpuModel.Names})");
    }

    private void Predict(GpuModel gpu, TrainingConfig config)
    {
        var prediction = StepPrediction.Of(
            gpu,
            KernelCosts.Read(CostsFile),
            config,
            GivenPrecision ?? ConvolutionPrecision.Bf16,
            Prediction,
            branches: !NoBranch,
            Against
        );
        PredictionText.Write(prediction, bySize: Layers, Assumptions);
        if (Json is not null)
            prediction.WriteJson(Json);
    }

    private static void Write(StepProfile profile, IEnumerable<ProfileRow> rows, string what)
    {
        Table table = new Table()
            .AddColumns(what, "sizes", "calls", "ms", "%", "GFLOP/s", "GB/s", "% of roof", "allocated KiB")
            .Border(TableBorder.Simple);
        foreach (TableColumn column in table.Columns.Skip(2))
            column.RightAligned();
        foreach (ProfileRow row in rows.Take(MostRows))
        {
            table.AddRow(
                row.Name,
                row.Sizes,
                Text(row.Calls, "0"),
                Text(row.Milliseconds, "0.00"),
                Text(100 * row.Milliseconds / profile.TotalMilliseconds, "0.0"),
                row.Flops > 0 ? Text(row.GFlops, "0") : "",
                row.Bytes > 0 ? Text(row.GBytesPerSecond, "0.0") : "",
                row.Bytes > 0 ? Text(100 * profile.ShareOfRoof(row), "0") : "",
                Text(row.Allocated / 1024.0, "0.0")
            );
        }

        WideConsole.Write(table);
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
