using UnpairedSegEngine.Backends.Profiling;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Profiling;

/// <summary>The operations of a training step or a prediction, held against what the device can do.</summary>
/// <param name="Records">In order.</param>
/// <param name="PeakGFlops">Multiply-add peak, GFLOP/s.</param>
/// <param name="PeakGBytes">Memory bandwidth, GB/s.</param>
public sealed record StepProfile(IReadOnlyList<OperationRecord> Records, double PeakGFlops, double PeakGBytes)
{
    private const int OperationsRow = 1,
        KernelsRow = 2;

    /// <summary>The kernels that the operations consist of, in order; none where they do not.</summary>
    public IReadOnlyList<OperationRecord> Kernels { get; init; } = [];

    /// <summary>Sum over operations, ms.</summary>
    public double TotalMilliseconds => Records.Sum(record => record.Duration.TotalMilliseconds);

    /// <summary>Operations of one name and size together, the longest first.</summary>
    public IReadOnlyList<ProfileRow> BySize => [.. Rows(Records, record => (record.Name, record.Sizes))];

    /// <summary>Operations of one name together, the longest first.</summary>
    public IReadOnlyList<ProfileRow> ByName => [.. Rows(Records, record => (record.Name, ""))];

    /// <summary>Kernels of one name together, the longest first.</summary>
    public IReadOnlyList<ProfileRow> ByKernel => [.. Rows(Kernels, record => (record.Name, ""))];

    /// <summary>
    /// The least time that FLOPs and bytes allow, over the time taken: the share of the roof that was reached. Above 1 where
    /// fewer products than the formula's were needed.
    /// </summary>
    public double ShareOfRoof(ProfileRow row) =>
        Math.Max(row.Flops / (PeakGFlops * 1e6), row.Bytes / (PeakGBytes * 1e6)) / row.Milliseconds;

    /// <summary>Writes the records in the trace-event format that chrome://tracing and ui.perfetto.dev show.</summary>
    public void WriteTrace(string path) =>
        JsonFile.Write(
            path,
            new
            {
                traceEvents = Records
                    .Select(record => TraceEvent(record, record.Flops > 0 ? "compute" : "memory", OperationsRow))
                    .Concat(Kernels.Select(kernel => TraceEvent(kernel, "kernel", KernelsRow))),
                displayTimeUnit = "ms",
            }
        );

    private static object TraceEvent(OperationRecord record, string category, int row) =>
        new
        {
            name = record.Name,
            cat = category,
            ph = "X",
            ts = record.Start.TotalMicroseconds,
            dur = record.Duration.TotalMicroseconds,
            pid = 1,
            tid = row,
            args = new
            {
                sizes = record.Sizes,
                gflops = record.Flops / record.Duration.TotalSeconds / 1e9,
                gbytes_per_s = record.Bytes / record.Duration.TotalSeconds / 1e9,
                allocated_bytes = record.Allocated,
            },
        };

    private static IEnumerable<ProfileRow> Rows(
        IEnumerable<OperationRecord> records,
        Func<OperationRecord, (string Name, string Sizes)> key
    ) =>
        records
            .GroupBy(key)
            .Select(group => new ProfileRow(
                group.Key.Name,
                group.Key.Sizes,
                group.Count(),
                group.Sum(r => r.Duration.TotalMilliseconds),
                group.Sum(r => r.Flops),
                group.Sum(r => (double)r.Bytes),
                group.Sum(r => r.Allocated)
            ))
            .OrderByDescending(row => row.Milliseconds);
}

/// <summary>Some operations together.</summary>
/// <param name="Name">Of the operation.</param>
/// <param name="Sizes">Its sizes; empty where several are together.</param>
/// <param name="Calls">How many.</param>
/// <param name="Milliseconds">In all.</param>
/// <param name="Flops">By formula.</param>
/// <param name="Bytes">Of the arguments, each once.</param>
/// <param name="Allocated">Bytes of managed memory.</param>
public sealed record ProfileRow(
    string Name,
    string Sizes,
    int Calls,
    double Milliseconds,
    double Flops,
    double Bytes,
    long Allocated
)
{
    public double GFlops => Flops / Milliseconds / 1e6;

    public double GBytesPerSecond => Bytes / Milliseconds / 1e6;
}
