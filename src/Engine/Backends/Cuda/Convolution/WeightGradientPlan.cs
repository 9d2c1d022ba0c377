namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>How the blocks of a weight gradient share channels, outputs, taps and positions, chosen by shape alone.</summary>
internal sealed record WeightGradientPlan
{
    /// <summary>Blocks that fill the largest devices four times over.</summary>
    private const int WantedBlocks = 512;

    private const int FewestPositionsPerSplit = 256,
        SplitGranularity = 32;

    /// <summary>Name of the kernel behind "convolution_backward_weights_".</summary>
    public required string Kernel { get; init; }

    public required int ChannelTiles { get; init; }
    public required int OutputTiles { get; init; }

    /// <summary>Blocks for one tile of channels and outputs: single taps, or groups of them.</summary>
    public required int TapGroups { get; init; }

    /// <summary>Parts of the positions, whose sums are added in order.</summary>
    public required int Splits { get; init; }

    /// <summary>Positions of a split; tiles of positions for the wgmma kernels.</summary>
    public required int PerSplit { get; init; }
    public required int Threads { get; init; }
    public required int SharedBytes { get; init; }

    /// <summary>Of the wgmma kernels; null for the others.</summary>
    public WarpgroupTiles? Warpgroups { get; init; }

    /// <summary>The fastest kernel that takes the shape.</summary>
    /// <param name="problem">The convolution.</param>
    /// <param name="precision">Of the products.</param>
    /// <param name="warpgroups">Whether the device has Hopper's instructions.</param>
    public static WeightGradientPlan Choose(ConvolutionProblem problem, ConvolutionPrecision precision, bool warpgroups)
    {
        ConvolutionPrecision used =
            problem.InputChannels < GatherFamily.FewestMmaChannels ? ConvolutionPrecision.Fp32 : precision;
        return (warpgroups && used != ConvolutionPrecision.Fp32 ? WarpgroupTiles.Choose(problem, used) : null)
            ?? OneTapPerBlock(problem, used);
    }

    /// <summary>The parameters of the launch that follow from the plan.</summary>
    public void Complete(ref WeightGradientParameters parameters)
    {
        (parameters.ChannelTiles, parameters.OutputTiles) = (ChannelTiles, OutputTiles);
        if (Warpgroups is null)
            parameters.PositionsPerSplit = PerSplit;
        else
            (parameters.Tile, parameters.Tiles, parameters.Halo, parameters.TilesPerSum, parameters.TilesPerSplit) = (
                Warpgroups.Tile,
                Warpgroups.Tiles,
                Warpgroups.Halo,
                Warpgroups.TilesPerSum,
                PerSplit
            );
    }

    /// <summary>SimtWeightGradient and MmaWeightGradient in kernels/convolution/backward_weights.cu.</summary>
    private static WeightGradientPlan OneTapPerBlock(ConvolutionProblem problem, ConvolutionPrecision precision)
    {
        bool wide = Math.Min(problem.InputChannels, problem.OutputChannels) > 32;
        (int tile, int parts) = (
            wide ? 64
            : precision == ConvolutionPrecision.Fp32 ? 16
            : 32,
            GatherFamily.PartsOf(precision)
        );
        int channelTiles = PositionTiles.Divide(problem.InputChannels, tile),
            outputTiles = PositionTiles.Divide(problem.OutputChannels, tile);
        long positions = (long)problem.Batch * problem.Output.Count;
        long wanted = Math.Clamp(
            WantedBlocks / ((long)channelTiles * outputTiles * problem.Kernel.Count),
            1,
            Math.Max(1, positions / FewestPositionsPerSplit)
        );
        long perSplit = (((positions + wanted - 1) / wanted) + SplitGranularity - 1) / SplitGranularity * SplitGranularity;
        return new WeightGradientPlan
        {
            Kernel = $"{GatherFamily.NameOf(precision)}_{tile}",
            ChannelTiles = channelTiles,
            OutputTiles = outputTiles,
            TapGroups = problem.Kernel.Count,
            Splits = (int)((positions + perSplit - 1) / perSplit),
            PerSplit = checked((int)perSplit),
            Threads = parts == 0 ? 256 : 128,
            SharedBytes = SharedBytesOf(tile, parts),
        };
    }

    private static int SharedBytesOf(int tile, int parts)
    {
        const int SimtStage = 16,
            MmaStage = 32,
            Threads = 256;
        if (parts > 0)
            return 2 * parts * (tile / 8) * MmaStage * 16;
        int groups = Threads / (tile / 4 * (tile / 4));
        return sizeof(float) * ((2 * SimtStage * (tile + 4)) + (groups > 1 ? groups * tile * tile : 1));
    }
}

/// <summary>
/// Of WgmmaWeightGradient in kernels/convolution/weight_gradient_wgmma.cuh, whose blocks take 64 channels, 64 outputs and 3x3
/// taps.
/// </summary>
/// <param name="Tile">Output positions that a block loads at a time.</param>
/// <param name="Tiles">Tiles per axis of a sample.</param>
/// <param name="Halo">Input positions that 3x3 taps read for a tile.</param>
/// <param name="TilesPerSum">Tiles that the tensor cores sum before their sums are added to floats.</param>
internal sealed record WarpgroupTiles(Size3 Tile, Size3 Tiles, Size3 Halo, int TilesPerSum)
{
    private const int Channels = 64,
        Planes = Channels / 8,
        Side = 3,
        Threads = 512,
        Stages = 2,
        HeaderBytes = 128,
        MostPositions = 256,
        PositionGranularity = 32;

    /// <summary>
    /// Of a block's channels times outputs one in this many must exist (16 of 64 channels with 16 of 64 outputs do). Below that,
    /// the kernels with a tap per block waste less: they
    /// multiply little, but each of their nine blocks or more loads and transforms all positions again.
    /// </summary>
    private const int LeastUse = 16;

    // The model by which tiles and splits are chosen, in cycles of a multiprocessor: products of nine taps at one position, a
    // position of 64 channels from the L2 cache,
    // and the sums of a block on their way out or back in.
    private const int ProductCycles = 18,
        LoadCycles = 11,
        StoreCycles = 6000,
        Multiprocessors = 132;

    /// <summary>Floats of all splits together.</summary>
    private const long MostPartialSums = 1L << 25;

    private static readonly Size3 GroupTaps = Size3.Planar(Side);

    /// <summary>A plan for the kernel, or null where the shape does not suit it.</summary>
    public static WeightGradientPlan? Choose(ConvolutionProblem problem, ConvolutionPrecision precision)
    {
        (int inputs, int outputs) = (problem.InputChannels, problem.OutputChannels);
        int channelTiles = PositionTiles.Divide(inputs, Channels),
            outputTiles = PositionTiles.Divide(outputs, Channels);
        if (
            inputs % 8 != 0
            || outputs % 8 != 0
            || problem.Stride.Width != 1
            || problem.Kernel.Height % Side != 0
            || problem.Kernel.Width % Side != 0
            || (long)inputs * outputs * LeastUse < (long)channelTiles * outputTiles * Channels * Channels
        )
            return null;

        int parts = GatherFamily.PartsOf(precision),
            products = parts * (parts + 1) / 2;
        if (CheapestTile(problem, parts, products) is not { } tiles)
            return null;
        int groups = problem.Kernel.Count / GroupTaps.Count,
            blocks = channelTiles * outputTiles * groups;
        int tileCount = checked(problem.Batch * tiles.Tiles.Count);
        int perSplit = PositionTiles.Divide(
            tileCount,
            FastestSplits(tileCount, tiles.Cycles(products), blocks, problem.WeightShape.Count)
        );
        return new WeightGradientPlan
        {
            Kernel = $"wgmma_{GatherFamily.NameOf(precision)}",
            ChannelTiles = channelTiles,
            OutputTiles = outputTiles,
            TapGroups = groups,
            Splits = PositionTiles.Divide(tileCount, perSplit),
            PerSplit = perSplit,
            Threads = Threads,
            SharedBytes = tiles.SharedBytes(parts),
            Warpgroups = tiles,
        };
    }

    private static WarpgroupTiles? CheapestTile(ConvolutionProblem problem, int parts, int products)
    {
        // Sums of this many products lose no more to the tensor cores' cut-off bits than rounding to the precision does.
        int positionsPerSum =
            parts == 1 ? 4096
            : parts == 2 ? 512
            : 256;
        WarpgroupTiles? best = null;
        foreach (Size3 tile in PositionTiles.Candidates(problem.Output, MostPositions, new Size3(1, 1, 8)))
        {
            if (tile.Count % PositionGranularity != 0)
                continue;
            var candidate = new WarpgroupTiles(
                tile,
                PositionTiles.Count(problem.Output, tile),
                PositionTiles.HaloOf(tile, problem.Stride, GroupTaps, problem.Dilation),
                Math.Max(1, positionsPerSum / tile.Count)
            );
            if (candidate.SharedBytes(parts) > GatherFamily.WarpgroupSharedLimit)
                continue;
            if (best is null || candidate.Tiles.Count * candidate.Cycles(products) < best.Tiles.Count * best.Cycles(products))
                best = candidate;
        }

        // Three positions may be computed for two that exist, and half a tile.
        return best is not null && 2L * best.Tiles.Count * best.Tile.Count <= (3L * problem.Output.Count) + best.Tile.Count
            ? best
            : null;
    }

    /// <summary>
    /// Of a tile, as if loads and products did not overlap: which of the two is the longer depends on what the model does not
    /// know.
    /// </summary>
    private long Cycles(int products) => ((long)ProductCycles * products * Tile.Count) + (LoadCycles * (Halo.Count + Tile.Count));

    private int SharedBytes(int parts) =>
        HeaderBytes
        + (
            Stages
            * parts
            * Planes
            * 16
            * (PositionTiles.PlanePitch(Halo.Count, Planes) + PositionTiles.PlanePitch(Tile.Count, Planes))
        );

    private static int FastestSplits(int tiles, long tileCycles, int blocks, long weights)
    {
        (int best, long bestCycles) = (1, long.MaxValue);
        for (int splits = 1; splits <= tiles && splits * weights <= Math.Max(weights, MostPartialSums); splits++)
        {
            long waves = (((long)blocks * splits) + Multiprocessors - 1) / Multiprocessors;
            long cycles = waves * ((PositionTiles.Divide(tiles, splits) * tileCycles) + StoreCycles);
            if (splits > 1)
                cycles += (long)blocks * splits * StoreCycles / Multiprocessors;
            if (cycles < bestCycles)
                (best, bestCycles) = (splits, cycles);
        }

        return best;
    }
}
