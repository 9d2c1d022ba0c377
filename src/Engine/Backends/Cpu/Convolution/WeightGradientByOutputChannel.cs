namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The weight gradient with vectors over output channels: tile rows are input channels, broadcast. Both operands are packed so
/// that neighbouring
/// pixels of a tile lie side by side: read in place, they would lie a power of two apart and fight for a few sets of the cache.
/// </summary>
internal sealed unsafe class WeightGradientByOutputChannel : WeightGradient
{
    // Up to here pixels are at most a few cache lines apart, and long runs of channels and taps fill tiles better than blocks do.
    private const int MostUnblockedChannels = 64;

    private readonly WeightPanel[] panels;
    private readonly int paddedChannels;
    private readonly int mostAccumulators;

    // Rows of the result that lie side by side in the packed input, and how many of them a packed position holds.
    private readonly TapRows[] taps;
    private readonly int blockChannels;
    private readonly MicroKernel?[,] kernels;

    public WeightGradientByOutputChannel(ConvolutionProblem problem, SimdLevel level, Type elementType)
        : this(problem, level, elementType, WeightPanel.Cut(problem.OutputChannels, level.Lanes(elementType), 0)) { }

    private WeightGradientByOutputChannel(ConvolutionProblem problem, SimdLevel level, Type elementType, WeightPanel[] panels)
        : base(problem, level, elementType, panels.Length, BlockChannels(problem, level, panels))
    {
        this.panels = panels;
        paddedChannels = panels[^1].FirstChannel + panels[^1].Width;
        mostAccumulators = MicroKernelCache.MaximumAccumulators(level);
        kernels = new MicroKernel?[3, mostAccumulators + 1];

        // Few channels: the taps of a kernel row and their channels form one run. Many: blocks of as many channels as a tile has
        // rows.
        blockChannels = BlockChannels(problem, level, panels);
        taps =
            blockChannels == problem.InputChannels
                ? [.. Runs.Select(run => new TapRows(run.First, run.Weights[0] * problem.InputChannels, RunRows))]
                :
                [
                    .. GatherProblem
                        .Forward(problem)
                        .Taps.Select(tap => new TapRows(tap, tap.Weight * problem.InputChannels, problem.InputChannels)),
                ];
    }

    protected override long PartialElements => (long)Problem.Kernel.Count * Problem.InputChannels * paddedChannels;

    protected override long BandElements => ((BandPositions * blockChannels * Blocks) + 15) & ~15L;

    protected override long GradientRowElements => (long)Problem.Output.Width * panels.Max(panel => panel.Width);

    private int Blocks => (Problem.InputChannels + blockChannels - 1) / blockChannels;

    protected override void PackInput<T>(Band band, T* image, T* target)
    {
        if (Blocks == 1)
            base.PackInput(band, image, target);
        else
            Packing.PackBlocked(image, band.Slice, band.FirstRow, band.Rows, target, blockChannels);
    }

    protected override void Clear<T>(int part, T* partial)
    {
        for (int i = part; i < panels.Length; i += ColumnParts)
        {
            for (long row = 0; row < PartialElements / paddedChannels; row++)
                new Span<T>(partial + (row * paddedChannels) + panels[i].FirstChannel, panels[i].Width).Clear();
        }
    }

    protected override void AddBand<T>(Band band, int part, T* gy, T* packedInput, T* packedGradient, T* partial)
    {
        Segment* segments = stackalloc Segment[band.Rows];
        long blockElements = (long)Packing.DepthOffsets.Length * Packing.RowsFor(band.Rows) * Packing.Columns * blockChannels;
        for (int i = part; i < panels.Length; i += ColumnParts)
        {
            WeightPanel panel = panels[i];
            T* gradient = panels.Length == 1 && panel.IsFull ? gy : packedGradient;
            if (gradient != gy)
                PanelPacking.PackColumns(
                    gy,
                    (long)band.Rows * Problem.Output.Width,
                    Problem.OutputChannels,
                    panel,
                    packedGradient
                );
            foreach (TapRows tap in taps)
            {
                int count = FillSegments(band, tap.First, blockChannels, Problem.Output.Width * panel.Width, segments);
                if (count == 0)
                    continue;
                T* result = partial + ((long)tap.Row * paddedChannels) + panel.FirstChannel;
                for (int block = 0; block < Blocks; block++)
                {
                    int rows = Blocks == 1 ? tap.Rows : Math.Min(blockChannels, tap.Rows - (block * blockChannels));
                    AddRows(
                        panel,
                        rows,
                        segments,
                        count,
                        packedInput + (block * blockElements),
                        gradient,
                        result + ((long)block * blockChannels * paddedChannels)
                    );
                }
            }
        }
    }

    protected override void AddPartial<T>(int run, T* partial, T* gw, bool overwrite)
    {
        for (long row = (long)run * RunRows; row < (run + 1L) * RunRows; row++)
            Add(partial + (row * paddedChannels), gw + (row * Problem.OutputChannels), Problem.OutputChannels, overwrite);
    }

    private static int BlockChannels(ConvolutionProblem problem, SimdLevel level, WeightPanel[] panels)
    {
        if (problem.InputChannels <= MostUnblockedChannels)
            return problem.InputChannels;
        int tileRows = MicroKernelCache.MaximumAccumulators(level) / panels[0].Vectors;
        int blocks = (problem.InputChannels + tileRows - 1) / tileRows;
        return (problem.InputChannels + blocks - 1) / blocks;
    }

    private void AddRows<T>(WeightPanel panel, int rows, Segment* segments, int count, T* input, T* gradient, T* result)
        where T : unmanaged
    {
        int most = mostAccumulators / panel.Vectors;
        int tiles = (rows + most - 1) / most;
        int row = 0;
        int steps = Problem.Output.Width;
        for (int i = 0; i < tiles; i++)
        {
            int tileRows = (rows + i) / tiles;
            Kernel(tileRows, panel.Vectors)(
                (byte*)(input + row),
                (byte*)gradient,
                (byte*)(result + ((long)row * paddedChannels)),
                segments,
                count,
                steps,
                1
            );
            row += tileRows;
        }
    }

    private MicroKernel Kernel(int rows, int vectors) =>
        kernels[vectors, rows] ??= MicroKernelCache.Get(
            Shape with
            {
                Rows = rows,
                Vectors = vectors,
                RowStride = 1,
                StepA = Problem.Stride.Width * blockChannels,
                StepB = vectors * Shape.Lanes,
                RowStrideC = paddedChannels,
            }
        );

    /// <summary>Rows of the result whose inputs begin at one tap.</summary>
    private readonly record struct TapRows(Tap First, int Row, int Rows);
}
