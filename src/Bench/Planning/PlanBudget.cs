using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Networks;

namespace UnpairedSegEngine.Bench.Planning;

/// <summary>What a plan has to do with.</summary>
/// <param name="Hours">Of training.</param>
/// <param name="Memory">Of the processor's side, which is all of it where the processor trains.</param>
/// <param name="IsHost">Whether the processor trains.</param>
/// <param name="Network">Which network; chosen by the data if null.</param>
/// <param name="Gflops">10^9 FLOPs of a training step's convolutions that the machine does in a second; measured if null.</param>
public sealed record PlanBudget(
    double Hours,
    MemoryLimit Memory,
    bool IsHost = true,
    NetworkName? Network = null,
    double? Gflops = null
);
