using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>A verb that computes: where and how precisely.</summary>
internal abstract class DeviceVerb : IVerb
{
    private const string DefaultDevice = "cpu";

    [Option("device", HelpText = "Where to compute, cpu if not given: " + BackendChoice.Names + ".")]
    public string? GivenDevice { get; init; }

    [Option(
        "precision",
        HelpText = "Products of the convolutions on --device cuda, fp32 if not given; weights, sums and statistics stay in fp32. "
            + "In bf16, what normalizations read is stored so, too. --device cpu has fp32 and, slowly, bf16."
    )]
    public ConvolutionPrecision? GivenPrecision { get; init; }

    [Option(
        "exact",
        HelpText = "Direct convolutions only on --device cpu: without Winograd transforms, which round some 4 to 8 times "
            + "more and take half the time."
    )]
    public bool Exact { get; init; }

    [Option(
        "no-graph",
        HelpText = "Launch every kernel of every training step on --device cuda, instead of replaying a captured step. "
            + "Results are the same."
    )]
    public bool NoGraph { get; init; }

    [Option(
        "no-branch",
        HelpText = "Capture training steps on --device cuda in one branch: gradients of weights wait for their turn, and less "
            + "memory is held. Results are the same. What is profiled has one branch always."
    )]
    public bool NoBranch { get; init; }

    protected string DeviceName => GivenDevice ?? DefaultDevice;

    protected ConvolutionPrecision Precision => GivenPrecision ?? ConvolutionPrecision.Fp32;

    public abstract int Run(string[] arguments);

    /// <exception cref="UsageException">The device has no clock for its operations.</exception>
    protected void RequireTimedOperations()
    {
        if (DeviceName == "ilgpu")
            throw new UsageException(
                $"--device {DeviceName}: its operations cannot be timed one by one; use cpu, cuda or emulated"
            );
    }

    /// <summary>What was asked for; where nothing was, what a run was made with, else the defaults.</summary>
    protected Arithmetic ArithmeticLike(Arithmetic? recorded) =>
        Arithmetic.Of(
            GivenDevice ?? recorded?.Device ?? DefaultDevice,
            GivenPrecision ?? recorded?.ParsedPrecision ?? ConvolutionPrecision.Fp32,
            Exact || (recorded?.Exact ?? false)
        );

    protected OpenedBackend OpenBackend(int threads, Arithmetic? recorded = null)
    {
        Arithmetic arithmetic = ArithmeticLike(recorded);
        return BackendChoice.Open(
            GivenDevice ?? arithmetic.Device,
            threads,
            arithmetic.ParsedPrecision,
            arithmetic.Exact,
            records: !NoGraph,
            branches: !NoBranch
        );
    }
}
