using System.Globalization;
using CommandLine;
using Spectre.Console;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Bench.Profiling;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("profile", HelpText = "Time each operation of a training step or a prediction, against the device's peaks.")]
internal sealed class ProfileVerb : DeviceVerb
{
    private const int MostRows = 40;

    [Option("config", HelpText = "YAML file or preset: network, sizes, scheme, losses.")]
    public string? Config { get; init; }

    [Option("set", HelpText = "Settings that overrule the file: key.path=value ...")]
    public IEnumerable<string> Set { get; init; } = [];

    [AtLeast(0)]
    [Option("threads", Default = 0, HelpText = "Threads; 0 for all cores.")]
    public int Threads { get; init; }

    [Option("predict", HelpText = "A forward pass of one sample instead of a training step.")]
    public bool Predict { get; init; }

    [Option("layers", HelpText = "A row per operation and size, not only per operation.")]
    public bool Layers { get; init; }

    [Option("kernels", HelpText = "Also a row per CUDA kernel.")]
    public bool Kernels { get; init; }

    [Option("trace", HelpText = "Also write a trace for chrome://tracing or ui.perfetto.dev to this JSON file.")]
    public string? Trace { get; init; }

    [Option("picture", HelpText = "Also draw the roofline to this SVG or PNG.")]
    public string? Picture { get; init; }

    [Option("overwrite", HelpText = ResultFiles.OverwriteHelp)]
    public bool Overwrite { get; init; }

    public override int Run(string[] arguments)
    {
        TrainingConfig config = ConfigLoader.Load(Config, Set);
        ResultFiles.Check(Overwrite, ("--trace", Trace), ("--picture", Picture));
        RequireTimedOperations();
        int threads = Threads == 0 ? Environment.ProcessorCount : Threads;
        using OpenedBackend opened = OpenBackend(threads);
        StepProfile profile = StepProfiler.Run(config, opened.Backend, threads, Predict);
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

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        console.Profile.Width = Math.Max(console.Profile.Width, 140);
        console.Write(table);
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
