namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>What a launch has to do, in the units in which a GPU is limited.</summary>
internal sealed record LaunchWork
{
    /// <summary>Instructions of all warps together; 0 where nothing is known of the kernel but its bytes.</summary>
    public double WarpInstructions { get; init; }

    /// <summary>Bytes of global memory: every tensor once.</summary>
    public double Bytes { get; init; }

    /// <summary>Cycles of a multiprocessor's tensor cores, of all blocks together.</summary>
    public double TensorCycles { get; init; }

    /// <summary>Cycles of a block from its first instruction to its last, were it alone on a multiprocessor.</summary>
    public double BlockCycles { get; init; }

    /// <summary>What keeps a block as long as that.</summary>
    public string BlockBound { get; init; } = "latency";

    /// <summary>For tables.</summary>
    public string Sizes { get; init; } = "";
}

/// <summary>The predicted time of a launch.</summary>
/// <param name="Milliseconds">With the gap to the launch before.</param>
/// <param name="Bound">What it waits for longest.</param>
/// <param name="Fill">Share of the multiprocessors that it keeps busy, over its time.</param>
/// <param name="MemoryShare">Share of the memory's rate that it takes, over its time.</param>
internal readonly record struct LaunchTime(double Milliseconds, string Bound, double Fill, double MemoryShare);
