using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>A verb that computes: where and how precisely.</summary>
internal abstract class DeviceVerb : IVerb
{
    [Option("device", Default = "cpu", HelpText = "Where to compute: " + BackendChoice.Names + ".")]
    public string DeviceName { get; init; } = "cpu";

    [Option("precision", Default = ConvolutionPrecision.Fp32, HelpText = "Products of the convolutions on --device cuda; weights, sums and statistics stay in fp32.")]
    public ConvolutionPrecision Precision { get; init; }

    [Option("exact", HelpText = "Direct convolutions only on --device cpu: without Winograd transforms, which round some 4 to 8 times more and take half the time.")]
    public bool Exact { get; init; }

    [Option("no-graph", HelpText = "Launch every kernel of every training step on --device cuda, instead of replaying a captured step. Results are the same.")]
    public bool NoGraph { get; init; }

    public abstract int Run(string[] arguments);

    /// <exception cref="UsageException">The device has no clock for its operations.</exception>
    protected void RequireTimedOperations()
    {
        if (DeviceName == "ilgpu")
            throw new UsageException($"--device {DeviceName}: its operations cannot be timed one by one; use cpu, cuda or emulated");
    }

    protected OpenedBackend OpenBackend(int threads) => BackendChoice.Open(DeviceName, threads, Precision, Exact, records: !NoGraph);
}
