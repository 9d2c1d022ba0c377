using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Cuda.Graphs;

namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>Kernels that go over elements once.</summary>
internal sealed partial class KernelWork
{
    /// <summary>Read and written: weight and two moments, and read: the gradient.</summary>
    private const int AdamTensors = 7;

    /// <summary>Read and written: weight and velocity, and read: the gradient.</summary>
    private const int SgdTensors = 5;

    /// <summary>kernels/common/moments.cuh: MomentRecord.</summary>
    private const int MomentBytes = 4 * sizeof(float);

    /// <summary>Of a round of a sweep: the dropout mask's bits.</summary>
    private const int MaskBytes = 1;

    /// <summary>kernels/common/channel_sweep.cuh: a thread goes from position to position with its channels.</summary>
    /// <param name="launch">The launch.</param>
    /// <param name="cost">Of the kernel.</param>
    /// <param name="sweep">What it goes over.</param>
    /// <param name="passes">How often.</param>
    /// <param name="shares">Of the sweep's channels, that each tensor has; the last is written where the kernel stores.</param>
    private LaunchWork Sweep(
        KernelLaunch launch,
        KernelCost cost,
        KernelChannelSweep sweep,
        int passes,
        ReadOnlySpan<double> shares
    )
    {
        // Kernels that take eight channels may be given the costs of those that take one.
        int width = cost.Kernel.EndsWith(SweepPlan.WideSuffix, StringComparison.Ordinal) ? 8 : 1,
            scalars = launch.Kernel == cost.Kernel ? 1 : 8,
            read = MaskBytes;
        double bytes = 0;
        for (int i = 0; i < shares.Length; i++)
        {
            bytes += shares[i] * StoredBytes(launch.Kernel, i);
            read += width * StoredBytes(launch.Kernel, i);
        }

        double unrolled =
            cost.Memory.Store > 0
                ? Unrolled(cost.Memory.Store, width * StoredBytes(launch.Kernel, shares.Length - 1))
                : Unrolled(cost.Memory.Load, read);
        double positions = Divide(sweep.Chunk, SweepThreads / sweep.Lanes),
            elements = (double)sweep.Positions * sweep.Channels * launch.Geometry.GridZ;
        return Threads(launch, cost, passes * positions * scalars / unrolled, elements * bytes) with
        {
            Sizes = $"{sweep.Channels} channels, {(long)sweep.Positions * launch.Geometry.GridZ} positions",
        };
    }

    /// <summary>Bytes of an element of a kernel's tensor, by the kernel's name (<see cref="SweepPlan.SuffixOf"/>).</summary>
    private static int StoredBytes(string kernel, int tensor)
    {
        string[] stored = [.. kernel.Split('_').Where(word => word is "f32" or "bf16")];
        return stored.Length > 0 && stored[tensor] == "bf16" ? sizeof(ushort) : sizeof(float);
    }

    /// <summary>Grid-stride loops over single elements.</summary>
    private LaunchWork Elementwise(
        KernelLaunch launch,
        KernelCost cost,
        long count,
        int bytes,
        int storedBytes = sizeof(float)
    ) => Threads(launch, cost, Rounds(count, launch, Unrolled(cost.Memory.Store, storedBytes)), (double)count * bytes);

    /// <summary>A row of blocks has a mask; a thread draws word after word.</summary>
    private LaunchWork Masks(KernelLaunch launch, KernelCost cost, ReadOnlySpan<DropoutMasks.MaskToDraw> masks)
    {
        long words = 0;
        foreach (DropoutMasks.MaskToDraw mask in masks)
            words += mask.Words;
        return Elementwise(launch, cost, words, sizeof(uint));
    }

    private LaunchWork Update(KernelLaunch launch, KernelCost cost, long count, int tensors)
    {
        // All but the gradient are written, half of the tensors in each direction.
        double perRound = Unrolled(cost.Memory.Store, tensors / 2 * sizeof(float));
        return Threads(launch, cost, Rounds(count, launch, perRound), (double)count * tensors * sizeof(float));
    }

    /// <summary>A block has a row of the target; a thread goes along it, and over the windows of each position.</summary>
    private LaunchWork Pooling(KernelLaunch launch, KernelCost cost, CudaSingles.PoolingParameters p)
    {
        bool backward = launch.Kernel.Contains("_backward", StringComparison.Ordinal);
        KernelSize target = backward ? p.Input : p.Output;
        double windows = backward ? Math.Max(1, (double)p.Window.Count / p.Stride.Count) : p.Window.Count,
            perRound = Unrolled(
                cost.Memory.Load,
                launch.Kernel.EndsWith(SweepPlan.WideSuffix, StringComparison.Ordinal) ? 8 * sizeof(float) : sizeof(float)
            ),
            positions = Divide(target.Width, (double)SweepThreads / p.Lanes),
            samples = launch.Geometry.GridX / (double)(target.Count / target.Width);
        double each = (cost.Straight * gpu.ExecutedShare) + (Math.Max(1, windows / perRound) * cost.Memory.Instructions);
        double bytes = samples * p.Channels * (p.Input.Count + p.Output.Count) * sizeof(float);
        return Threads(launch, positions * each, 0, positions, bytes) with
        {
            Sizes = $"{p.Channels} channels, {samples * p.Input.Count} positions",
        };
    }

    /// <summary>
    /// Where the regions lie is not known here: they are taken to be half as high and as wide as the map, as many on each image.
    /// Forward, a thread goes over the places of bins; backward, over the regions of its image whose rows are its own.
    /// </summary>
    private LaunchWork RoiPooling(KernelLaunch launch, KernelCost cost, CudaSingles.RoiPoolingParameters p)
    {
        const double Side = 0.5;
        bool backward = launch.Kernel.Contains("_backward", StringComparison.Ordinal);
        double width = launch.Kernel.EndsWith(SweepPlan.WideSuffix, StringComparison.Ordinal) ? 8 : 1,
            bins = (double)p.Bins * p.Bins,
            places = Math.Max(1, Side * p.Height / p.Bins) * Math.Max(1, Side * p.Width / p.Bins),
            perRound = Unrolled(cost.Memory.Load, (int)width * sizeof(float)),
            pooled = p.Regions * bins * p.Channels;
        double loops = backward ? Math.Max(1, Side * Side * p.Regions / p.Images) : Divide(bins, (double)SweepThreads / p.Lanes),
            loads = backward ? 1 : places / perRound;
        double each = (cost.Straight * gpu.ExecutedShare) + (Math.Max(1, loads) * cost.Memory.Instructions);
        double map = (double)p.Images * p.Height * p.Width * p.Channels;
        return Threads(launch, loops * each, 0, loops, ((2 * pooled) + map) * sizeof(float)) with
        {
            Sizes = $"{p.Regions} regions, {p.Channels} channels",
        };
    }

    private LaunchWork PixelShuffle(KernelLaunch launch, KernelCost cost, CudaSingles.PixelShuffleParameters p)
    {
        double columns = (double)p.Width * p.Factor,
            rounds = Divide(columns, (double)SweepThreads / p.Lanes) * Divide(p.Channels, p.Lanes);
        return Threads(
            launch,
            cost,
            rounds / Unrolled(cost.Memory.Store, sizeof(float)),
            2.0 * launch.Geometry.GridX * launch.Geometry.GridY * columns * p.Channels * sizeof(float)
        );
    }

    /// <summary>Chunks of the reduced axis; then a warp per sum.</summary>
    private LaunchWork Sum(KernelLaunch launch, KernelCost cost, CudaSingles.SumParameters p)
    {
        if (launch.Kernel == "sum_combine")
            return Threads(launch, cost, Divide(p.Chunks, WarpThreads) / Unrolled(cost.Memory.Load, sizeof(double)), 0);
        double outer = (double)launch.Geometry.GridX / p.Chunks;
        return Threads(
            launch,
            cost,
            Divide(p.Chunk, (double)SweepThreads / p.Lanes) / Unrolled(cost.Memory.Load, sizeof(float)),
            outer * p.Reduced * p.Inner * sizeof(float)
        );
    }

    /// <summary>
    /// A thread goes from position to position of a chunk, and over the slices of each with what surrounds them; intensities are
    /// one loop over the chunk's elements.
    /// </summary>
    private LaunchWork Augmentation(KernelLaunch launch, KernelCost cost, CudaSingles.AugmentationParameters p)
    {
        bool resamples = launch.Kernel == "augmentation_resample";
        double slices = (double)p.Channels / p.Volumes,
            positions = Divide(p.Chunk, launch.Geometry.Threads),
            straight = cost.Straight * gpu.ExecutedShare,
            rounds = positions * slices / Unrolled(cost.Memory.Store, sizeof(float)),
            elements = (double)p.Depth * p.Height * p.Width * p.Channels * launch.Geometry.GridY;
        return Threads(
            launch,
            (rounds * cost.Memory.Instructions) + (resamples ? positions * straight : 0),
            resamples ? 0 : straight,
            resamples ? positions : rounds,
            2 * elements * sizeof(float)
        ) with
        {
            Sizes = $"{p.Channels} channels, {(long)p.Depth * p.Height * p.Width * launch.Geometry.GridY} positions",
        };
    }

    /// <summary>
    /// A thread turns logits into probabilities; then a warp goes over an eighth of the chunk for every sum of a lane.
    /// </summary>
    private LaunchWork LossSums(KernelLaunch launch, KernelCost cost, CudaSingles.LossSumsParameters p)
    {
        const int Warps = 8,
            PerPositionAndSum = 36;
        double sums = (4.0 + p.Classes) * p.Classes,
            samples = launch.Geometry.GridY;
        double instructions =
            (Divide(p.Chunk, launch.Geometry.Threads) * cost.Instructions * gpu.ExecutedShare)
            + (Divide(sums, WarpThreads) * Divide(p.Chunk, Warps) * PerPositionAndSum);
        return Threads(
            launch,
            cost.IsKnown ? instructions : 0,
            0,
            2,
            samples * p.Positions * ((p.Classes * sizeof(float)) + 1.0)
        );
    }

    /// <summary>
    /// A thread packs runs of eight weights, or single floats. All packings of a launch have as many blocks: as if they were
    /// equal.
    /// </summary>
    private LaunchWork Packing(KernelLaunch launch, KernelCost cost, ReadOnlySpan<PackParameters> packings)
    {
        bool single = launch.Kernel.EndsWith("_simt", StringComparison.Ordinal);
        double runs = 0,
            bytes = 0;
        foreach (PackParameters p in packings)
        {
            double own = (double)p.Tiles * p.Tile * p.Chunks * p.Taps.Count * (single ? p.Chunk : p.Chunk / 8);
            runs += own;
            bytes += own * ((single ? sizeof(float) : 8 * sizeof(float)) + cost.Memory.Store);
        }

        return Threads(launch, cost, Rounds(runs, launch, single ? Unrolled(cost.Memory.Store, sizeof(float)) : 1), bytes);
    }
}
