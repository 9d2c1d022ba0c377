namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>
/// Of MmaWeightGradient in kernels/convolution/weight_gradient_mma.cuh, whose blocks take a box of taps, as a rule all of them,
/// some planes of eight channels and up to 32 outputs.
/// </summary>
internal sealed record MmaWeightGradientPlan : TiledWeightGradientPlan
{
    private const int BlockThreads = 256,
        Warps = BlockThreads / 32,
        Resident = 2,
        Stages = 2,
        HeaderBytes = 8304,
        ElementBytes = 8,
        MostPositions = 256,
        MostPlanes = 16,
        Step = 16;

    /// <summary>Dynamic shared memory with which a multiprocessor of every device from sm_80 to sm_90 but the small ones holds
    /// two blocks.</summary>
    private const int SharedLimit = 80 * 1024;

    /// <summary>
    /// Positions that tensor cores sum in one bfloat16 part before the sums are added to floats: what they cut off stays far
    /// below what rounding to bfloat16 does. With more parts a block adds after every tile.
    /// </summary>
    private const int PositionsPerSum = 16384;

    /// <summary>Of the model: cycles of a multiprocessor for a tile's barrier and the rest of its prologue.</summary>
    private const int TileCycles = 300;

    /// <summary>bfloat16 numbers per float.</summary>
    public required int Parts { get; init; }

    /// <summary>Taps of a block, per axis.</summary>
    public required Size3 Taps { get; init; }

    /// <summary>
    /// Whether pairs of tap and channel are channels of their own, side by side in the planes: with fewer than eight channels
    /// most of a plane would be empty.
    /// </summary>
    public required bool Folded { get; init; }

    /// <summary>Planes of eight channels, and of eight outputs.</summary>
    public required int Planes { get; init; }
    public required int Columns { get; init; }

    /// <summary>2 to this power warps have different rows of the product. Those with the same have other positions.</summary>
    public required int RowBits { get; init; }

    /// <summary>The fastest plan by the model, with its cycles. There is one for every shape.</summary>
    public static (WeightGradientPlan Plan, long Cycles) Choose(
        ConvolutionProblem problem,
        ConvolutionPrecision precision,
        bool plain
    )
    {
        bool folded = plain && problem.InputChannels < 8;
        int parts = GatherFamily.PartsOf(precision),
            channels = folded ? problem.InputChannels * problem.Kernel.Count : problem.InputChannels,
            columns = problem.OutputChannels <= 8 ? 1
            : problem.OutputChannels <= 16 ? 2
            : 4,
            outputTiles = PositionTiles.Divide(problem.OutputChannels, 8 * columns);
        Candidate? best = null;
        foreach (Size3 taps in folded ? [Size3.One] : Boxes(problem.Kernel))
        {
            foreach (int planes in PlanesPerBlock(channels, 2 * Warps * RowsOf(parts, columns) / taps.Count))
            {
                foreach (Size3 tile in PositionTiles.Candidates(problem.Output, MostPositions, Size3.One))
                {
                    // Of equal ones the last, whose tiles are the widest.
                    var candidate = new Candidate(problem, taps, folded, tile, planes, columns, parts);
                    if (candidate.Fits && (best is null || candidate.CyclesOf(channels) <= best.CyclesOf(channels)))
                        best = candidate;
                }
            }
        }

        Candidate chosen = best ?? throw new InvalidOperationException($"no tile of one position fits for {problem}");
        Size3 tiles = PositionTiles.Count(problem.Output, chosen.Tile);
        int tileCount = checked(problem.Batch * tiles.Count),
            channelTiles = PositionTiles.Divide(channels, 8 * chosen.Planes),
            mostPerSplit = parts == 1 ? Math.Max(1, PositionsPerSum / chosen.Tile.Count) : tileCount;
        (int splits, long cycles) = FastestSplits(
            tileCount,
            chosen.TileCycles,
            channelTiles * outputTiles * chosen.Groups,
            Resident,
            problem.WeightShape.Count,
            PositionTiles.Divide(tileCount, mostPerSplit)
        );
        int perSplit = PositionTiles.Divide(tileCount, splits);
        var plan = new MmaWeightGradientPlan
        {
            Kernel = $"{GatherFamily.NameOf(precision)}_{8 * columns}",
            Parts = parts,
            ChannelTiles = channelTiles,
            OutputTiles = outputTiles,
            TapGroups = chosen.Groups,
            Splits = PositionTiles.Divide(tileCount, perSplit),
            PerSplit = perSplit,
            Threads = BlockThreads,
            SharedBytes = (int)chosen.SharedBytes,
            Tile = chosen.Tile,
            Tiles = tiles,
            Halo = chosen.Halo,
            Taps = chosen.Taps,
            Folded = folded,
            Planes = chosen.Planes,
            Columns = columns,
            RowBits = chosen.RowBits,
        };
        return (plan, cycles);
    }

    public override bool ReadsBFloat16(int channels) => Parts == 1 && channels % GatherFamily.BFloat16Channels == 0;

    public override void Complete(ref WeightGradientParameters parameters)
    {
        base.Complete(ref parameters);
        parameters.Taps = Taps;
        (parameters.Folded, parameters.RowBits) = (Folded ? 1 : 0, RowBits);
        parameters.XFill = FillOf(Planes, Halo, Folded ? Step : 1);
        parameters.GyFill = FillOf(Columns, Tile, Step);
    }

    /// <summary>Sixteens of rows that a warp of this kernel has at most.</summary>
    private static int RowsOf(int parts, int columns) =>
        (parts, columns) switch
        {
            (1, 1) => 8,
            (1, _) or (_, 1 or 2) => 4,
            _ => 2,
        };

    /// <summary>All taps, and ever smaller boxes of them for those that do not fit.</summary>
    private static IEnumerable<Size3> Boxes(Size3 kernel) =>
        new[] { kernel, kernel with { Depth = 1 }, new Size3(1, 1, kernel.Width), Size3.One }.Distinct();

    /// <summary>The largest shares of the planes that fit, each the smallest for its number of blocks.</summary>
    private static IEnumerable<int> PlanesPerBlock(int channels, int most)
    {
        int all = PositionTiles.Divide(channels, 8);
        return Enumerable
            .Range(1, all)
            .Select(blocks => PositionTiles.Divide(all, blocks))
            .Where(planes => planes <= Math.Min(most, MostPlanes))
            .Distinct()
            .Take(3);
    }

    private static int PitchOf(int planes, int positions) => PositionTiles.PlanePitch(positions, Math.Min(planes, 8));

    private static int PositionsOf(Size3 box, int granularity) => PositionTiles.Divide(box.Count, granularity) * granularity;

    private static PlaneFill FillOf(int planes, Size3 box, int granularity)
    {
        int positions = PositionsOf(box, granularity);
        return new PlaneFill
        {
            Planes = planes,
            Pitch = PitchOf(planes, positions),
            Positions = positions,
            Together = BlockThreads / planes,
        };
    }

    /// <summary>A way to cut the work, and what it costs.</summary>
    private sealed class Candidate
    {
        private readonly ConvolutionProblem problem;

        public Candidate(ConvolutionProblem problem, Size3 taps, bool folded, Size3 tile, int planes, int columns, int parts)
        {
            this.problem = problem;
            (Taps, Tile, Planes) = (taps, tile, planes);
            Groups = folded ? 1 : problem.Kernel.Count / taps.Count;
            Halo = folded ? tile : PositionTiles.HaloOf(tile, problem.Stride, taps, problem.Dilation);
            int rows = PositionTiles.Divide(taps.Count * planes, 2),
                steps = PositionTiles.Divide(tile.Count, Step),
                most = RowsOf(parts, columns);
            // Of the warps that may share the rows, those whose slowest has the least to do.
            RowBits = Enumerable
                .Range(0, 4)
                .Where(bits => most << bits >= rows)
                .MinBy(bits => PositionTiles.Divide(rows, 1 << bits) * PositionTiles.Divide(steps, Warps >> bits));
            int rowWarps = 1 << RowBits,
                stepWarps = Warps >> RowBits;
            long stage =
                16L
                * parts
                * (
                    (planes * PitchOf(planes, PositionsOf(Halo, folded ? Step : 1)))
                    + (columns * PitchOf(columns, PositionsOf(tile, Step)))
                );
            int exchange = stepWarps == 1 ? 0 : Warps / 2 * most * columns * 512;
            SharedBytes = HeaderBytes + (((ElementBytes * Halo.Count) + 15) / 16 * 16) + Math.Max(Stages * stage, exchange);

            // Products at 1.6 cycles; operands at four cycles per 16x16 of them, and twice as many where eight neighbours in
            // the tile are none in the halo; those of gy once for every warp with rows of its own.
            int products = parts * (parts + 1) / 2,
                slowest = PositionTiles.Divide(rows, rowWarps) * rowWarps,
                rounds = PositionTiles.Divide(steps, stepWarps) * stepWarps,
                conflicts = folded || tile.Width % 8 == 0 ? 1 : 2;
            int multiply = Math.Max(
                slowest * columns * products * 8 / 5,
                4 * parts * ((slowest * conflicts) + (rowWarps * PositionTiles.Divide(columns, 2)))
            );
            // A folded unit has eight loads of its own.
            long units = ((long)Halo.Count * planes * (folded ? 2 : 1)) + (tile.Count * columns);
            TileCycles = (rounds * multiply) + (units * LoadCycles / 8) + MmaWeightGradientPlan.TileCycles;
        }

        public Size3 Taps { get; }
        public Size3 Tile { get; }
        public Size3 Halo { get; }
        public int Planes { get; }

        /// <summary>Blocks among which the taps are shared.</summary>
        public int Groups { get; }
        public int RowBits { get; }
        public long SharedBytes { get; }

        /// <summary>Whether shared memory holds it, and the words in which kernels keep coordinates.</summary>
        public bool Fits => SharedBytes <= SharedLimit && Halo is { Depth: < 512, Height: < 1024, Width: < 1024 };

        /// <summary>Of a block that has a multiprocessor to itself, as if loads and products did not overlap.</summary>
        public long TileCycles { get; }

        /// <summary>Of a sample and one tile of outputs.</summary>
        public long CyclesOf(int channels) =>
            TileCycles * PositionTiles.Count(problem.Output, Tile).Count * PositionTiles.Divide(channels, 8 * Planes) * Groups;
    }
}
