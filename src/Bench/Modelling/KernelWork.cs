using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Cuda.Graphs;

namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>
/// How many rounds of its loops each kernel runs, from the parameters of a launch. A new kernel needs an arm in
/// <see cref="Of"/>: by its parameters, and by its name where several kernels take the same. Its loops are rows of
/// kernels/costs.md; what the rows do not tell (how many elements are in a round, which loops wait for each other) is written
/// down here, and follows the kernel's source. A test fails while a kernel of a training step has no arm.
/// </summary>
/// <param name="gpu">The GPU.</param>
internal sealed partial class KernelWork(GpuModel gpu)
{
    private const int WarpThreads = 32,
        SweepThreads = 256;

    /// <summary>The work of a launch; null where no rule knows the kernel. Without costs of the kernel, its bytes only.</summary>
    public LaunchWork? Of(KernelLaunch launch, KernelCost cost) =>
        launch.Parameters switch
        {
            GatherParameters p when launch.Kernel.Contains("_wgmma_", StringComparison.Ordinal) => WarpgroupGather(
                launch,
                cost,
                p
            ),
            GatherParameters p => Gather(launch, cost, p),
            GatherTable p => Gathers(launch, cost, p[..(launch.Geometry.GridZ / p[0].Samples)]),
            WeightGradientParameters p when launch.Kernel.Contains("_wgmma_", StringComparison.Ordinal) =>
                WarpgroupWeightGradient(launch, cost, p),
            WeightGradientParameters p when launch.Kernel.Contains("_simt_", StringComparison.Ordinal) => SimtWeightGradient(
                launch,
                cost,
                p
            ),
            WeightGradientParameters p => MmaWeightGradient(launch, cost, p),
            OperandParameters p => Operand(launch, cost, p),
            SumSplitsParameters p => Threads(
                launch,
                cost,
                Rounds(p.Count * p.Splits, launch, Unrolled(cost.Memory.Load, sizeof(float))),
                (p.Splits + 1L) * p.Count * sizeof(float)
            ),
            FoldParameters p => Fold(launch, cost, p),
            PackParameters p => Packing(launch, cost, [p]),
            WeightPacking.PackTable p => Packing(launch, cost, p[..launch.Geometry.GridY]),
            NormalizationPassParameters p when p.Gy == 0 => Sweep(launch, cost, p.Sweep, passes: 2, [1]),
            NormalizationPassParameters p => Sweep(launch, cost, p.Sweep, passes: 1, [1, 1]),
            NormalizationApplyParameters p => Sweep(launch, cost, p.Sweep, passes: 1, [1, 1]),
            NormalizationBackwardApplyParameters p => Sweep(launch, cost, p.Sweep, passes: 1, [1, 1, 1]),
            CudaSingles.ResidualParameters p => Sweep(
                launch,
                cost,
                p.Sweep,
                passes: 1,
                [(double)p.ShortcutChannels / p.Sweep.Channels, 1, 1]
            ),
            CudaSingles.CopyChannelsParameters p => Sweep(launch, cost, p.Sweep, passes: 1, [1, 1]),
            CudaSingles.MaxParameters p => Threads(
                launch,
                cost,
                (double)p.Reduced / p.Team / Unrolled(cost.Memory.Load, sizeof(float)),
                (p.Reduced + 2.0) * p.Positions * sizeof(float)
            ),
            CombineMomentsParameters p => Threads(
                launch,
                cost,
                Divide(p.Layout.SamplesTogether * p.Chunks * p.Layout.ChannelsTogether, launch.Geometry.Threads)
                    / Unrolled(cost.Memory.Load, MomentBytes),
                0
            ),
            NormalizationCoefficientsParameters => Threads(launch, cost, 1, 0),
            GradientCoefficientsParameters p when launch.Kernel == "normalization_combine_gradients" => Threads(
                launch,
                cost,
                Divide(p.Chunks, WarpThreads),
                0
            ),
            GradientCoefficientsParameters p => Threads(
                launch,
                cost,
                p.Layout.SamplesTogether * p.Layout.ChannelsTogether / Unrolled(cost.Memory.Load, sizeof(double)),
                0
            ),
            RunningTable p => Threads(launch, cost, p.Updates[0].Layout.Samples / Unrolled(cost.Memory.Load, sizeof(int)), 0),
            CudaSingles.ElementwiseParameters p => Elementwise(
                launch,
                cost,
                p.Count,
                StoredBytes(launch.Kernel, 0) * (1 + (p.A != 0 ? 1 : 0) + (p.B != 0 ? 1 : 0)),
                StoredBytes(launch.Kernel, 0)
            ),
            CudaSingles.DropoutParameters p => Elementwise(
                launch,
                cost,
                p.Count,
                StoredBytes(launch.Kernel, 0) + StoredBytes(launch.Kernel, 1),
                StoredBytes(launch.Kernel, 1)
            ),
            DropoutMasks.MaskTable p => Masks(launch, cost, p.Masks[..launch.Geometry.GridY]),
            CudaSingles.BroadcastParameters p => Elementwise(launch, cost, p.Count, sizeof(float)),
            CudaSingles.StorageFillParameters p => Elementwise(launch, cost, p.Count, sizeof(float)),
            CudaSingles.ConvertParameters p => Elementwise(
                launch,
                cost,
                p.Count,
                sizeof(float) + (launch.Kernel.Contains("bfloat16", StringComparison.Ordinal) ? sizeof(ushort) : sizeof(double))
            ),
            CudaSingles.PoolingParameters p => Pooling(launch, cost, p),
            CudaSingles.RoiPoolingParameters p => RoiPooling(launch, cost, p),
            CudaSingles.PixelShuffleParameters p => PixelShuffle(launch, cost, p),
            CudaSingles.LossSumsParameters p => LossSums(launch, cost, p),
            CudaSingles.LossGradientParameters p => Items(
                launch,
                cost,
                p.Positions * launch.Geometry.GridY,
                0,
                p.Positions * launch.Geometry.GridY * ((2L * p.Classes * sizeof(float)) + 1)
            ),
            CudaSingles.CombineLossSumsParameters p => Threads(
                launch,
                cost,
                p.Samples * Divide(p.Chunks, WarpThreads) / Unrolled(cost.Memory.Load, sizeof(double)),
                0
            ),
            CudaSingles.AugmentationParameters p => Augmentation(launch, cost, p),
            CudaSingles.SumParameters p => Sum(launch, cost, p),
            CudaSingles.SoftmaxKlParameters p => Items(
                launch,
                cost,
                p.Positions,
                0,
                p.Positions * p.Classes * sizeof(float) * (p.Gradient == 0 ? 2L : 3)
            ),
            CudaSingles.AdamParameters p => Update(
                launch,
                cost,
                ((ReadOnlySpan<CudaSingles.AdamTensor>)p.Tensors)[..p.Count].ToArray().Sum(tensor => tensor.Count),
                AdamTensors
            ),
            CudaSingles.SgdParameters p => Update(
                launch,
                cost,
                ((ReadOnlySpan<CudaSingles.SgdTensor>)p.Tensors)[..p.Count].ToArray().Sum(tensor => tensor.Count),
                SgdTensors
            ),
            _ => null,
        };

    /// <summary>Elements that a round takes, of so many bytes moved; compilers unroll loops.</summary>
    private static double Unrolled(int bytes, int elementBytes) => Math.Max(1, bytes / elementBytes);

    private static double Divide(double a, double b) => Math.Ceiling(a / b);

    /// <summary>Rounds of a thread where the threads of a launch share so many elements.</summary>
    private static double Rounds(double elements, KernelLaunch launch, double perRound) =>
        elements / perRound / ThreadsOf(launch.Geometry);

    private static double ThreadsOf(LaunchGeometry geometry) =>
        (double)geometry.GridX * geometry.GridY * geometry.GridZ * geometry.Threads;

    /// <summary>Every thread runs the memory loop so many rounds, and what surrounds it once.</summary>
    private LaunchWork Threads(KernelLaunch launch, KernelCost cost, double rounds, double bytes) =>
        Threads(launch, rounds * cost.Memory.Instructions, cost.Straight * gpu.ExecutedShare, rounds, bytes);

    /// <summary>
    /// Threads that run instructions in loops with so many loads that wait for each other, and others once.
    /// </summary>
    private LaunchWork Threads(KernelLaunch launch, double looped, double straight, double loads, double bytes) =>
        new()
        {
            WarpInstructions = ThreadsOf(launch.Geometry) / WarpThreads * (looped + straight),
            Bytes = bytes,
            // The first load is that of parameters and of what belongs to a channel.
            BlockCycles = ((looped + straight) / gpu.WarpIssueRate) + ((1 + Math.Ceiling(loads)) * gpu.LoadCycles),
        };

    /// <summary>
    /// Threads that share items. For each they run what surrounds the memory loop, the other loops, and some rounds of the
    /// memory loop.
    /// </summary>
    private LaunchWork Items(KernelLaunch launch, KernelCost cost, double items, double rounds, double bytes)
    {
        double each = ((cost.Straight + cost.Other.Instructions) * gpu.ExecutedShare) + (rounds * cost.Memory.Instructions),
            perThread = Rounds(items, launch, 1);
        return Threads(launch, perThread * each, 0, perThread, bytes);
    }
}
