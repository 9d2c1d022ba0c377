using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>The convolutions: gathers for forward passes and data gradients, and weight gradients.</summary>
internal sealed partial class KernelWork
{
    /// <summary>
    /// Loads of a wgmma producer under way (InFlight in kernels/convolution/plane_loader.cuh), and those of the output gradient.
    /// </summary>
    private const int UnitsInFlight = 5,
        GradientUnitsInFlight = 8;

    private const int PlaneChannels = 8,
        HaloStages = 2,
        BFloat16Bytes = 2,
        PlaneElementBytes = PlaneChannels * BFloat16Bytes;

    /// <summary>
    /// Of the gather on mma.sync: share of the loop that loads channels one by one which eight together take, and loads of those
    /// under way.
    /// </summary>
    private const double WholeShare = 0.45,
        MmaUnitsInFlight = 4;

    /// <summary>
    /// Share of the loop that loads floats in the weight gradient on mma.sync which a copy takes, and loads of bfloat16 under way
    /// where they are normalized.
    /// </summary>
    private const double CopiedShare = 0.1,
        StoredInFlight = 3;

    /// <summary>The precision and the tile of outputs that a kernel's name ends with: 1, 2, 3 or 0 parts, and outputs.</summary>
    private static (int Parts, int Tile) Family(string kernel)
    {
        string[] words = kernel.Split('_');
        int parts =
            words.Contains("bf16") ? 1
            : words.Contains("bf16x3") ? 2
            : words.Contains("bf16x6") ? 3
            : 0;
        return (parts, int.TryParse(words[^1], out int tile) ? tile : 0);
    }

    /// <summary>Products of bfloat16 parts that make one of floats.</summary>
    private static int ProductsOf(int parts) => parts * (parts + 1) / 2;

    /// <summary>Instructions of a warp for so many products of tensor cores, however many a round of the loop has.</summary>
    private static double InstructionsFor(KernelCost cost, double products) =>
        cost.Products.Products == 0 ? cost.Products.Instructions : cost.Products.Instructions * products / cost.Products.Products;

    /// <summary>Share of a loading loop that a transform lets run.</summary>
    private double LoadingShare(KernelInputTransform transform) =>
        transform.Drops ? 1
        : transform.Normalizes ? gpu.NormalizeShare
        : gpu.IdentityShare;

    /// <summary>Share of the mma weight gradient's loop over floats that channels stored as bfloat16 take.</summary>
    private static double StoredShare(KernelInputTransform transform) =>
        transform.Drops ? 0.48
        : transform.Normalizes ? 0.31
        : CopiedShare;

    /// <summary>
    /// kernels/convolution/gather_wgmma.cuh: blocks stay for several tiles. Two consumer warpgroups multiply and store while
    /// three producer warps load the next two halos.
    /// </summary>
    private LaunchWork WarpgroupGather(KernelLaunch launch, KernelCost cost, GatherParameters p)
    {
        const int ConsumerWarps = 8,
            HaloThreads = 96;
        (int parts, int tile) = Family(launch.Kernel);
        int positions = parts == 3 ? 128 : 256;
        double taps = p.Taps.Count,
            chunks = Divide(p.Channels, p.Chunk),
            outputTiles = Divide(p.Outputs, tile),
            groups = Divide(p.Samples * p.Tiles.Count, GatherFamily.ClusterBlocks);
        double issued = ConsumerWarps / (double)gpu.Schedulers / gpu.IssueRate,
            tensor = 2.0 * positions * p.Chunk * tile * ProductsOf(parts) / gpu.TensorFlops / gpu.WgmmaShare(tile),
            instructions = InstructionsFor(cost, p.Chunk / 16.0 * ProductsOf(parts) * positions / 128),
            tap = Math.Max(instructions * issued, (instructions / gpu.WarpIssueRate) + (cost.Products.Fences * gpu.FenceCycles));
        double consumed = taps * Math.Max(tensor, tap),
            produced = p.Operand.Extent.Count > 0
                ? Copied(Math.Min(p.Channels, p.Chunk), p.Halo)
                : Produce(
                    cost.Memory,
                    p.Halo.Count,
                    HaloThreads,
                    p.Chunk / PlaneChannels,
                    Math.Min(p.Channels, p.Chunk),
                    p.Transform
                ),
            stored = Stored(cost, p, tile) * issued;
        // The producers fill two halos while a tile is stored, and wait then.
        double byConsumers = (chunks * consumed) + stored,
            byProducers = (chunks * produced) + Math.Max(0, stored - (HaloStages * produced));
        double tilesPerBlock = Divide(groups * outputTiles, launch.Geometry.GridX / (double)GatherFamily.ClusterBlocks);
        string bound =
            byProducers > byConsumers ? "producers"
            : stored > chunks * consumed ? "outputs and statistics"
            : tensor > tap ? "tensor cores"
            : "instructions of taps";
        return new LaunchWork
        {
            Bytes = BytesOf(p),
            BlockCycles = (tilesPerBlock * Math.Max(byConsumers, byProducers)) + gpu.BlockStartCycles,
            BlockBound = bound,
            Sizes = SizesOf(p),
        };
    }

    /// <summary>
    /// kernels/convolution/gather_mma.cuh and gather_simt.cuh: a block per tile, whose threads load, then multiply.
    /// </summary>
    private LaunchWork Gather(KernelLaunch launch, KernelCost cost, GatherParameters p)
    {
        (int parts, int tile) = Family(launch.Kernel);
        double taps = p.Taps.Count,
            chunks = Divide(p.Channels, p.Chunk),
            unit = parts == 0 ? 4 : PlaneChannels,
            units = p.Halo.Count * p.Chunk / unit / launch.Geometry.Threads,
            // Of a warp: 32 positions, 8 outputs and 16 channels (of two taps where there are eight) are two products; without
            // tensor cores a round is four channels.
            multiplied = parts == 0
                ? taps * p.Chunk / 4.0 * cost.Products.Instructions
                : InstructionsFor(cost, Divide(taps * p.Chunk, 16) * ProductsOf(parts) * 2 * tile / 8);
        // The memory row is of channels that are no multiple of eight, which are loaded one by one.
        bool whole = parts > 0 && p.Channels % PlaneChannels == 0;
        double share = whole ? LoadingShare(p.Transform) * WholeShare : LoadingShare(p.Transform),
            looped = chunks * ((units * cost.Memory.Instructions * share) + multiplied),
            waits = chunks * Math.Ceiling(whole ? units / MmaUnitsInFlight : units);
        LaunchWork threads = Threads(launch, looped, Stored(cost, p, tile), waits, BytesOf(p));
        return threads with
        {
            TensorCycles = MmaCycles(launch, parts, 2.0 * 128 * chunks * p.Chunk * taps * tile),
            Sizes = SizesOf(p),
        };
    }

    /// <summary>Gathers side by side in a launch, whose blocks each do a tile of one of them or nothing.</summary>
    private LaunchWork Gathers(KernelLaunch launch, KernelCost cost, ReadOnlySpan<GatherParameters> table)
    {
        var total = new LaunchWork { Sizes = $"{table.Length} of {table[0].Channels}->{table[0].Outputs}" };
        foreach (GatherParameters p in table)
        {
            LaunchGeometry own = launch.Geometry with { GridX = (int)p.Tiles.Count, GridZ = p.Samples };
            LaunchWork work = Gather(launch with { Geometry = own }, cost, p);
            total = total with
            {
                WarpInstructions = total.WarpInstructions + work.WarpInstructions,
                Bytes = total.Bytes + work.Bytes,
                TensorCycles = total.TensorCycles + work.TensorCycles,
                BlockCycles = Math.Max(total.BlockCycles, work.BlockCycles),
            };
        }

        return total;
    }

    /// <summary>convolution_fold: the threads of a row of blocks share a box of positions, each of which is added to.</summary>
    private LaunchWork Fold(KernelLaunch launch, KernelCost cost, FoldParameters p)
    {
        ReadOnlySpan<PositionBox> boxes = p.Boxes;
        double items = 0;
        foreach (PositionBox box in boxes[..launch.Geometry.GridY])
            items += (double)p.Samples * box.Size.Count * p.Channels;
        // Most positions have one mirror image: it is read, and the gradient read and written.
        return Items(launch, cost, items, 1, 3 * items * sizeof(float));
    }

    /// <summary>
    /// kernels/convolution/weight_gradient_wgmma.cuh: a producer warpgroup loads the next tile of positions, or in bf16 sends for
    /// it, while three consumer warpgroups multiply.
    /// </summary>
    private LaunchWork WarpgroupWeightGradient(KernelLaunch launch, KernelCost cost, WeightGradientParameters p)
    {
        const int Side = 64,
            Taps = 9,
            ChunkPositions = 16,
            ConsumerWarps = 12,
            ProducerThreads = 128,
            Planes = Side / PlaneChannels;
        int parts = Family(launch.Kernel).Parts;
        double positions = p.Tile.Count,
            issued = ConsumerWarps / (double)gpu.Schedulers / gpu.IssueRate;
        (int channels, int outputs) = (Math.Min(p.Channels, Side), Math.Min(p.Outputs, Side));
        double produced =
            parts == 1
                ? Copied(channels, p.Halo) + Copied(outputs, p.Tile)
                : Produce(cost.Memory, p.Halo.Count, ProducerThreads, Planes, channels, p.Transform)
                    + Produce(cost.Other, positions, ProducerThreads, Planes, outputs, null, GradientUnitsInFlight);
        double tensor = 2.0 * positions * Side * Side * Taps * ProductsOf(parts) / gpu.TensorFlops / gpu.WgmmaShare64,
            multiplied = Math.Max(tensor, positions / ChunkPositions * InstructionsFor(cost, 3 * ProductsOf(parts)) * issued),
            stored = cost.Around.Instructions * issued;
        double tiles = Math.Min(p.TilesPerSplit, p.Samples * p.Tiles.Count),
            sums = Math.Max(1, tiles / p.TilesPerSum);
        return new LaunchWork
        {
            Bytes = BytesOf(launch, p),
            BlockCycles = (tiles * Math.Max(produced, multiplied)) + (sums * stored) + gpu.BlockStartCycles,
            BlockBound =
                produced > multiplied ? "producers"
                : multiplied > tensor ? "instructions of taps"
                : "tensor cores",
            Sizes = SizesOf(p),
        };
    }

    /// <summary>kernels/convolution/backward_weights.cu: a block has one tap and walks over the positions of its split.</summary>
    private LaunchWork SimtWeightGradient(KernelLaunch launch, KernelCost cost, WeightGradientParameters p)
    {
        const double Stage = 16,
            UnitChannels = 4;
        double stages = Divide(p.PositionsPerSplit, Stage),
            units = Stage * Family(launch.Kernel).Tile / UnitChannels / launch.Geometry.Threads;
        double looped = stages * ((units * cost.Memory.Instructions * LoadingShare(p.Transform)) + cost.Products.Instructions);
        return Threads(launch, looped, cost.Around.Instructions, stages * Math.Ceiling(units), BytesOf(launch, p)) with
        {
            Sizes = SizesOf(p),
        };
    }

    /// <summary>
    /// kernels/convolution/weight_gradient_mma.cuh: a block has a box of taps. One half of its warps loads the next tile of
    /// positions while the other multiplies this one, and then the other way round.
    /// </summary>
    private LaunchWork MmaWeightGradient(KernelLaunch launch, KernelCost cost, WeightGradientParameters p)
    {
        const double Warps = 8,
            Step = 16,
            InFlight = 2;
        (int parts, int outputs) = Family(launch.Kernel);
        double tiles = Math.Min(p.TilesPerSplit, p.Samples * p.Tiles.Count),
            rows = Divide(p.Taps.Count * p.XFill.Planes, 2),
            rowWarps = 1 << p.RowBits,
            steps = Divide(p.GyFill.Positions / Step, Warps / rowWarps);
        double loadedX = Divide(p.XFill.Positions, p.XFill.Together * InFlight),
            loadedGy = Divide(p.GyFill.Positions, p.GyFill.Together * InFlight),
            shareX = p.XBfloat16 == 0 ? LoadingShare(p.Transform) : StoredShare(p.Transform),
            shareGy = p.GyBfloat16 == 0 ? gpu.IdentityShare : CopiedShare,
            multiplied = steps * InstructionsFor(cost, Divide(rows, rowWarps) * outputs / PlaneChannels * ProductsOf(parts)),
            loaded = cost.Memory.Instructions * ((loadedX * shareX) + (loadedGy * shareGy)),
            // Loads of a tile wait for memory round by round, copies once; products wait for the loads of the other half.
            waitsX = p.XBfloat16 == 0 ? loadedX
            : p.Transform.Normalizes ? Math.Ceiling(loadedX * InFlight / StoredInFlight)
            : 1,
            waitsGy = p.GyBfloat16 == 0 ? loadedGy : 0;
        return Threads(
            launch,
            tiles * (loaded + multiplied),
            cost.Around.Instructions,
            tiles * (waitsX + waitsGy),
            BytesOf(launch, p)
        ) with
        {
            TensorCycles = MmaCycles(launch, parts, 2 * tiles * p.GyFill.Positions * rows * Step * outputs),
            Sizes = SizesOf(p),
        };
    }

    /// <summary>
    /// Cycles in which producers of a wgmma kernel load a box of positions. A warp's loads wait for memory together; lanes
    /// without channels cost little.
    /// </summary>
    private double Produce(
        LoopCost loop,
        double positions,
        int threads,
        double planes,
        double channels,
        KernelInputTransform? transform,
        double inFlight = UnitsInFlight
    )
    {
        double rounds = positions * planes / threads / inFlight,
            filled = channels / (planes * PlaneChannels),
            share = transform is { } given ? LoadingShare(given) : 1;
        return Math.Max(1, rounds) * (0.2 + (0.8 * filled)) * ((loop.Instructions * share / gpu.WarpIssueRate) + gpu.LoadCycles);
    }

    /// <summary>
    /// Cycles in which a box of an operand comes by bulk copies, one per row and plane. Of two stages one is on its way while the
    /// other is used, so half of the wait for memory shows.
    /// </summary>
    private double Copied(double channels, KernelSize box)
    {
        double planes = channels / PlaneChannels,
            copies = planes * box.Count / box.Width,
            transferred = Math.Max(gpu.CacheCycles(planes * box.Count * PlaneElementBytes), copies * gpu.CopyCycles);
        return Math.Max(transferred, (transferred + gpu.LoadCycles) / HaloStages);
    }

    /// <summary>kernels/convolution/operand.cu: a thread writes eight channels of some positions.</summary>
    private LaunchWork Operand(KernelLaunch launch, KernelCost cost, OperandParameters p)
    {
        double positions = Divide(p.Sweep.Chunk, SweepThreads / p.Sweep.Lanes),
            samples = launch.Geometry.GridZ,
            read = p.Input.Count * (p.XBfloat16 == 0 ? sizeof(float) : BFloat16Bytes),
            written = p.Sweep.Positions * BFloat16Bytes;
        return Threads(
            launch,
            positions * cost.Memory.Instructions * LoadingShare(p.Transform),
            cost.Straight * gpu.ExecutedShare,
            positions,
            samples * p.Sweep.Channels * (read + written)
        ) with
        {
            Sizes = $"{p.Sweep.Channels} channels, {samples * p.Sweep.Positions} positions",
        };
    }

    /// <summary>Instructions of a warp for the outputs of a tile and their statistics.</summary>
    /// <param name="cost">Of the kernel; its other loop draws masks, of eight outputs of each of four lanes at a time.</param>
    /// <param name="p">Of the launch.</param>
    /// <param name="tile">Outputs.</param>
    private double Stored(KernelCost cost, GatherParameters p, int tile) =>
        p.Moments == 0 ? cost.Around.Instructions * gpu.PlainStoreShare
        : p.MomentsDropout.IsActive ? cost.Around.Instructions + (tile / 32 * cost.Other.Instructions)
        : cost.Around.Instructions;

    /// <summary>Cycles of tensor cores for operations of every block.</summary>
    private double MmaCycles(KernelLaunch launch, int parts, double flops) =>
        ThreadsOf(launch.Geometry) / launch.Geometry.Threads * flops * ProductsOf(parts) / gpu.TensorFlops / gpu.MmaShare;

    /// <summary>Once what any tile reads, and the results.</summary>
    private static double BytesOf(GatherParameters p) =>
        p.Samples
        * (
            Math.Min(
                BytesOf(p.Operand, p.Input, p.Channels, p.XBfloat16),
                (double)p.Tiles.Count * p.Halo.Count * p.Channels * StoredBytes(p.XBfloat16)
            ) + ((double)p.Count.Count * p.Outputs * (p.Accumulate + 1) * StoredBytes(p.YBfloat16))
        );

    /// <summary>Of a sample: as it is stored, or of the operand where there is one.</summary>
    private static double BytesOf(OperandLayout operand, KernelSize size, int channels, int bfloat16) =>
        (double)channels * (operand.Extent.Count > 0 ? operand.Extent.Count * BFloat16Bytes : size.Count * StoredBytes(bfloat16));

    private static double BytesOf(KernelLaunch launch, WeightGradientParameters p) =>
        (
            p.Samples
            * (BytesOf(p.XOperand, p.Input, p.Channels, p.XBfloat16) + BytesOf(p.GyOperand, p.Output, p.Outputs, p.GyBfloat16))
        ) + ((double)launch.Geometry.GridZ * p.Kernel.Count * p.Channels * p.Outputs * sizeof(float));

    private static int StoredBytes(int bfloat16) => bfloat16 == 0 ? sizeof(float) : BFloat16Bytes;

    private static string SizesOf(GatherParameters p) =>
        $"{p.Channels}->{p.Outputs}, {p.Taps.Count} taps, {p.Samples * p.Count.Count} positions";

    private static string SizesOf(WeightGradientParameters p) =>
        $"{p.Channels}->{p.Outputs}, {p.Kernel.Count} taps, {p.Samples * p.Output.Count} positions";
}
