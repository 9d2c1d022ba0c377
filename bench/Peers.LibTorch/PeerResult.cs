using System.Globalization;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>One measured configuration; sizes as in the options.</summary>
internal sealed record PeerResult(
    string Network,
    string Mode,
    bool Tuned,
    string Layout,
    int Threads,
    int Channels,
    int Size,
    int? Depth,
    int Batch,
    long Parameters,
    double MsMin,
    double MsMedian,
    int Runs,
    double PeakRssMb
)
{
    public static PeerResult Of(Options options, string mode, long parameters, Measurement time) =>
        new(
            options.Network,
            mode,
            options.Tuned,
            options.Layout.Name(),
            options.Threads,
            options.Channels,
            options.Size,
            options.DepthIn3D,
            options.Batch,
            parameters,
            Math.Round(time.MinimumMilliseconds, 3),
            Math.Round(time.MedianMilliseconds, 3),
            time.Runs,
            ProcessMemory.PeakMebibytes()
        );

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"libtorch {Network} {Mode} F={Channels} {Size}x{Size}{(Depth is null ? "" : $"x{Depth}")} batch {Batch}, "
                + $"{Threads} threads, {(Tuned ? "tuned" : "defaults")}, {Layout}: "
                + $"min {MsMin:F0} ms, median {MsMedian:F0} ms over {Runs} runs; {Parameters} parameters; peak memory "
                + $"{PeakRssMb:F0} MiB"
        );
}
