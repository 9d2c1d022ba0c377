namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>
/// Of WgmmaWeightGradient in kernels/convolution/weight_gradient_wgmma.cuh, whose blocks take 64 channels, 64 outputs and 3x3
/// taps.
/// </summary>
internal sealed record WarpgroupWeightGradientPlan : TiledWeightGradientPlan
{
    private const int Channels = 64,
        Planes = Channels / 8,
        Side = 3,
        BlockThreads = 512,
        Stages = 2,
        HeaderBytes = 128,
        MostPositions = 256,
        PositionGranularity = 32;

    /// <summary>Of the model, in cycles of a multiprocessor: products of nine taps at one position.</summary>
    private const int ProductCycles = 18;

    /// <summary>In bf16, of the same: to copy 64 channels of a position from the L2 cache, at 18 bytes per cycle.</summary>
    private const int CopyCycles = 7;

    /// <summary>In bf16: bytes of global memory per cycle of all multiprocessors, which the operand of x takes.</summary>
    private const int MemoryBytes = 1600;

    /// <summary>Of an element, to read it and write its operand.</summary>
    private const int OperandBytes = sizeof(float) + 2;

    private static readonly Size3 GroupTaps = Size3.Planar(Side);

    /// <summary>Tiles that the tensor cores sum before their sums are added to floats.</summary>
    public required int TilesPerSum { get; init; }

    /// <summary>Whether blocks copy from operands instead of loading through the input transform.</summary>
    public required bool CopiesOperands { get; init; }

    /// <summary>A plan for the kernel with its cycles by the model, or null where the shape does not suit it.</summary>
    public static (WeightGradientPlan Plan, long Cycles)? Choose(ConvolutionProblem problem, ConvolutionPrecision precision)
    {
        (int inputs, int outputs) = (problem.InputChannels, problem.OutputChannels);
        if (
            inputs % 8 != 0
            || outputs % 8 != 0
            || problem.Stride.Width != 1
            || problem.Kernel.Height % Side != 0
            || problem.Kernel.Width % Side != 0
        )
            return null;

        int parts = GatherFamily.PartsOf(precision);
        if (CheapestTile(problem, parts) is not { } tile)
            return null;
        Size3 tiles = PositionTiles.Count(problem.Output, tile),
            halo = HaloOf(problem, tile);
        int channelTiles = PositionTiles.Divide(inputs, Channels),
            outputTiles = PositionTiles.Divide(outputs, Channels),
            groups = problem.Kernel.Count / GroupTaps.Count,
            tileCount = checked(problem.Batch * tiles.Count);
        (int splits, long cycles) = FastestSplits(
            tileCount,
            CyclesOf(tile, halo, parts),
            channelTiles * outputTiles * groups,
            resident: 1,
            problem.WeightShape.Count
        );
        int perSplit = PositionTiles.Divide(tileCount, splits);
        // Sums of this many products lose no more to the tensor cores' cut-off bits than rounding to the precision does.
        int positionsPerSum =
            parts == 1 ? 4096
            : parts == 2 ? 512
            : 256;
        var plan = new WarpgroupWeightGradientPlan
        {
            Kernel = $"wgmma_{GatherFamily.NameOf(precision)}",
            ChannelTiles = channelTiles,
            OutputTiles = outputTiles,
            TapGroups = groups,
            Splits = PositionTiles.Divide(tileCount, perSplit),
            PerSplit = perSplit,
            Threads = BlockThreads,
            SharedBytes = SharedBytesOf(tile, halo, parts),
            Tile = tile,
            Tiles = tiles,
            Halo = halo,
            TilesPerSum = Math.Max(1, positionsPerSum / tile.Count),
            CopiesOperands = parts == 1,
        };
        // The operand of gy serves the data gradient, too.
        if (plan.CopiesOperands)
            cycles += problem.InputShape.Count * OperandBytes / MemoryBytes;
        return (plan, cycles);
    }

    public override void Complete(ref WeightGradientParameters parameters)
    {
        base.Complete(ref parameters);
        parameters.TilesPerSum = TilesPerSum;
    }

    /// <summary>The operands are written from either.</summary>
    public override bool ReadsBFloat16(int channels) => CopiesOperands;

    public override (OperandBox? X, OperandBox? Gy) OperandsOf(ConvolutionProblem problem)
    {
        if (!CopiesOperands)
            return (null, null);
        Size3 halos = PositionTiles.HaloOf(Tile, problem.Stride, problem.Kernel, problem.Dilation);
        return (
            OperandBox.OfTiles(Size3.Map(a => -problem.PadBefore[a]), Tiles, Size3.Map(a => Tile[a] * problem.Stride[a]), halos),
            OperandBox.OfTiles(Size3.Zero, Tiles, Tile, Tile)
        );
    }

    private static Size3? CheapestTile(ConvolutionProblem problem, int parts)
    {
        (Size3? best, long bestCycles) = (null, long.MaxValue);
        foreach (Size3 tile in PositionTiles.Candidates(problem.Output, MostPositions, new Size3(1, 1, 8)))
        {
            Size3 halo = HaloOf(problem, tile);
            if (tile.Count % PositionGranularity != 0 || SharedBytesOf(tile, halo, parts) > GatherFamily.WarpgroupSharedLimit)
                continue;
            long cycles = PositionTiles.Count(problem.Output, tile).Count * CyclesOf(tile, halo, parts);
            if (cycles < bestCycles)
                (best, bestCycles) = (tile, cycles);
        }

        // Three positions may be computed for two that exist, and half a tile.
        return
            best is { } cheapest
            && 2L * PositionTiles.Count(problem.Output, cheapest).Count * cheapest.Count
                <= (3L * problem.Output.Count) + cheapest.Count
            ? cheapest
            : null;
    }

    private static Size3 HaloOf(ConvolutionProblem problem, Size3 tile) =>
        PositionTiles.HaloOf(tile, problem.Stride, GroupTaps, problem.Dilation);

    /// <summary>
    /// Of a tile, as if loads and products did not overlap: which of the two is the longer depends on what the model does not
    /// know.
    /// </summary>
    private static long CyclesOf(Size3 tile, Size3 halo, int parts)
    {
        int load = parts == 1 ? CopyCycles : LoadCycles * Planes / 8;
        return ((long)ProductCycles * (parts * (parts + 1) / 2) * tile.Count) + ((long)load * (halo.Count + tile.Count));
    }

    private static int SharedBytesOf(Size3 tile, Size3 halo, int parts) =>
        HeaderBytes
        + (
            Stages
            * parts
            * Planes
            * 16
            * (PositionTiles.PlanePitch(halo.Count, Planes) + PositionTiles.PlanePitch(tile.Count, Planes))
        );
}
