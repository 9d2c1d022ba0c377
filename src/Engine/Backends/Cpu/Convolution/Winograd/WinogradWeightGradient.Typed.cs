using System.Runtime.CompilerServices;

namespace UnpairedSegEngine.Backends.Cpu;

/// <inheritdoc cref="WinogradWeightGradient"/>
internal sealed unsafe class WinogradWeightGradient<TVector> : WinogradWeightGradient
    where TVector : unmanaged, ISimd<TVector, float>
{
    // OwnTiles: a thread takes a range of tiles, whose sums lie in its cache beside a block of transformed tiles; ranges are
    // added in order. All sums together are bounded, and
    // a range has tiles (times slices) enough to be worth its sums.
    private const long MostOwnSumBytes = 640 << 10,
        MostSumBytes = 8 << 20;
    private const int OwnBlockBytes = 640 << 10;
    private const int MostRanges = 16,
        FewestRanges = 4,
        FewestRangeTiles = 64;

    // SharedBlocks: output channels are taken in bands, so that a block fits into the shared cache.
    private const int MostBandChannels = 256;
    private const int BlockBytes = 2 << 20;
    private const int FewestTiles = 64;

    // Shares of the input channels.
    private const int FewestUnits = 16;

    private readonly ConvolutionProblem problem;
    private readonly TileGrid grid;
    private readonly WeightPanel[] panels;
    private readonly MicroKernelShape shape;
    private readonly MicroKernel?[,] kernels;
    private readonly int mostAccumulators;
    private readonly int inputStride;
    private readonly int bandPanels,
        blockTiles,
        blocks,
        shares,
        ranges;

    public WinogradWeightGradient(ConvolutionProblem problem, SimdLevel level)
    {
        this.problem = problem;
        grid = GridOf(problem);
        panels = WeightPanel.Cut(problem.OutputChannels, TVector.Count, 0);
        int bands = (problem.OutputChannels + MostBandChannels - 1) / MostBandChannels;
        bandPanels = (panels.Length + bands - 1) / bands;
        mostAccumulators = MicroKernelCache.MaximumAccumulators(level);
        kernels = new MicroKernel?[3, mostAccumulators + 1];
        inputStride = (int)Skewed(problem.InputChannels);
        shape = new MicroKernelShape(typeof(float), level.VectorBytes(), 1, 1, 1, inputStride, 1, 0);
        long tileBytes =
            (long)TileGrid.Positions
            * ((problem.Input.Depth * (long)inputStride) + (problem.Output.Depth * (long)BandOutputs))
            * sizeof(float);
        int mostRows = mostAccumulators / panels[0].Vectors;
        shares = Math.Clamp(
            (FewestUnits + panels.Length - 1) / panels.Length,
            1,
            (problem.InputChannels + mostRows - 1) / mostRows
        );
        ranges = (int)
            Math.Min(
                Math.Min(AllTiles * problem.Output.Depth / FewestRangeTiles, MostRanges),
                MostSumBytes / (SumElements * sizeof(float))
            );
        Schedule =
            ranges >= FewestRanges && SumElements * sizeof(float) <= MostOwnSumBytes
                ? WinogradSchedule.OwnTiles
                : WinogradSchedule.SharedBlocks;
        if (Schedule == WinogradSchedule.OwnTiles)
        {
            blockTiles = (int)Math.Clamp(OwnBlockBytes / tileBytes, 1, (AllTiles + ranges - 1) / ranges);
            return;
        }

        // Sums of several blocks must be kept: where they are larger than a block, a larger block is the better use of memory.
        long budget = Math.Max(BlockBytes, SumElements * sizeof(float));
        blockTiles = (int)Math.Clamp(budget / tileBytes, Math.Min(FewestTiles, AllTiles), AllTiles);
        blocks = (AllTiles + blockTiles - 1) / blockTiles;
        blockTiles = (AllTiles + blocks - 1) / blocks;
    }

    public override WinogradSchedule Schedule { get; }

    public override long SharedScratch =>
        Schedule == WinogradSchedule.OwnTiles ? ranges * SumElements : BlockElements + (blocks > 1 ? SumElements : 0);

    public override long WorkerScratch =>
        (Schedule == WinogradSchedule.OwnTiles ? BlockElements : PanelElements)
        + Math.Max(problem.InputChannels, problem.OutputChannels);

    private long BlockElements => TileGrid.Positions * (InputElements + GradientElements);

    private int AllTiles => problem.Batch * grid.Count;

    private long InputElements => Skewed((long)problem.Input.Depth * blockTiles * inputStride);

    /// <summary>One position's transformed gradients of a block and band: (panel, slice, tile, channel of the panel).</summary>
    private long GradientElements => Skewed((long)problem.Output.Depth * blockTiles * BandOutputs);

    private int BandOutputs => bandPanels * panels[0].Width;

    /// <summary>A panel's sums: (depth tap, position, input channel, channel of the panel).</summary>
    private long PanelElements => problem.Kernel.Depth * TileGrid.Positions * PositionSums(panels[0]);

    private long SumElements => panels.Length * PanelElements;

    public override void Run(
        CpuThreads threads,
        LoadTransform load,
        float* x,
        float* gy,
        float* gw,
        float* shared,
        nint[] scratch
    )
    {
        if (Schedule == WinogradSchedule.OwnTiles)
            RunOwn(threads, load, x, gy, gw, shared, scratch);
        else
            RunBlocks(threads, load, x, gy, gw, shared, scratch);
    }

    private void RunOwn(CpuThreads threads, LoadTransform load, float* x, float* gy, float* gw, float* shared, nint[] scratch)
    {
        threads.Run(
            ranges,
            (range, worker) =>
            {
                float* inputs = (float*)scratch[worker],
                    gradients = inputs + (TileGrid.Positions * InputElements),
                    zeros = inputs + BlockElements,
                    sums = shared + (range * SumElements);
                int begin = (int)((long)AllTiles * range / ranges),
                    end = (int)((long)AllTiles * (range + 1) / ranges);
                for (int first = begin; first < end; first += blockTiles)
                {
                    int tiles = Math.Min(blockTiles, end - first);
                    for (int slice = 0; slice < problem.Input.Depth + problem.Output.Depth; slice++)
                        TransformSlice(slice, first, 0, tiles, firstPanel: 0, load, x, gy, inputs, gradients, zeros);
                    for (int panel = 0; panel < panels.Length; panel++)
                        AddBlock(
                            panel,
                            0,
                            problem.InputChannels,
                            tiles,
                            inputs,
                            gradients,
                            sums + (panel * PanelElements),
                            overwrite: first == begin
                        );
                }
            }
        );
        threads.Run(
            panels.Length * shares,
            (unit, worker) =>
            {
                (int panel, int from, int to) = Share(unit);
                float* sums = shared + (panel * PanelElements);
                for (int range = 1; range < ranges; range++)
                    AddRange(panels[panel], from, to, sums + (range * SumElements), sums);
                Store(panels[panel], from, to, sums, gw);
            }
        );
    }

    private void RunBlocks(CpuThreads threads, LoadTransform load, float* x, float* gy, float* gw, float* shared, nint[] scratch)
    {
        float* inputs = shared,
            gradients = inputs + (TileGrid.Positions * InputElements),
            sums = inputs + BlockElements;
        for (int block = 0; block < blocks; block++)
        {
            int first = block * blockTiles,
                tiles = Math.Min(blockTiles, AllTiles - first);
            int unitTiles = TileGrid.TilesPerUnit(Math.Max(problem.InputChannels, problem.OutputChannels)),
                units = (tiles + unitTiles - 1) / unitTiles;
            bool isFirst = block == 0,
                isLast = block == blocks - 1;
            for (int firstPanel = 0; firstPanel < panels.Length; firstPanel += bandPanels)
            {
                // The inputs serve all bands: the first transforms them, too.
                (int band, int firstSlice) = (firstPanel, firstPanel == 0 ? 0 : problem.Input.Depth);
                threads.Run(
                    units * (problem.Input.Depth + problem.Output.Depth - firstSlice),
                    (unit, worker) =>
                    {
                        int from = unit % units * unitTiles,
                            to = Math.Min(tiles, from + unitTiles);
                        TransformSlice(
                            firstSlice + (unit / units),
                            first,
                            from,
                            to,
                            band,
                            load,
                            x,
                            gy,
                            inputs,
                            gradients,
                            (float*)scratch[worker] + PanelElements
                        );
                    }
                );
                threads.Run(
                    Math.Min(bandPanels, panels.Length - band) * shares,
                    (unit, worker) =>
                    {
                        (int panel, int from, int to) = Share((band * shares) + unit);
                        float* sum = blocks > 1 ? sums + (panel * PanelElements) : (float*)scratch[worker];
                        AddBlock(panel, from, to, tiles, inputs, gradients, sum, overwrite: isFirst);
                        if (isLast)
                            Store(panels[panel], from, to, sum, gw);
                    }
                );
            }
        }
    }

    /// <summary>A panel and some of its input channels.</summary>
    private (int Panel, int From, int To) Share(int unit)
    {
        int share = unit % shares;
        return (unit / shares, share * problem.InputChannels / shares, (share + 1) * problem.InputChannels / shares);
    }

    /// <summary>Transforms some of a block's tiles of a slice of inputs or, counted after those, of a band's gradients.</summary>
    private void TransformSlice(
        int slice,
        int firstTile,
        int from,
        int to,
        int firstPanel,
        LoadTransform load,
        float* x,
        float* gy,
        float* inputs,
        float* gradients,
        float* zeros
    )
    {
        if (slice < problem.Input.Depth)
        {
            WinogradTransforms<TVector>.Inputs(
                grid,
                (firstTile + from)..(firstTile + to),
                x,
                slice,
                problem.InputChannels,
                ..problem.InputChannels,
                load,
                zeros,
                inputs + ((((long)slice * blockTiles) + from) * inputStride),
                inputStride,
                InputElements
            );
        }
        else
        {
            TransformGradient(slice - problem.Input.Depth, firstTile, from, to, firstPanel, gy, gradients, zeros);
        }
    }

    private void TransformGradient(
        int slice,
        int firstTile,
        int from,
        int to,
        int firstPanel,
        float* gy,
        float* target,
        float* zeros
    )
    {
        float** pointers = stackalloc float*[16];
        new Span<float>(zeros, problem.OutputChannels).Clear();
        for (int tile = from; tile < to; tile++)
        {
            grid.OutputPointers(firstTile + tile, gy, slice, problem.OutputChannels, zeros, pointers);
            for (int i = firstPanel; i < Math.Min(firstPanel + bandPanels, panels.Length); i++)
            {
                WeightPanel panel = panels[i];
                float* row = target + PanelOffset(i) + ((((long)slice * blockTiles) + tile) * panel.Width);
                for (int vector = 0; vector < panel.Vectors; vector++)
                    WinogradTransforms<TVector>.OutputGradient(
                        pointers,
                        panel.FirstChannel + (vector * TVector.Count),
                        row + (vector * TVector.Count),
                        GradientElements
                    );
            }
        }
    }

    /// <summary>The products of a block's tiles, added to a panel's sums for some input channels.</summary>
    private void AddBlock(int number, int from, int to, int tiles, float* inputs, float* gradients, float* sums, bool overwrite)
    {
        WeightPanel panel = panels[number];
        Segment* segments = stackalloc Segment[problem.Output.Depth];
        int most = mostAccumulators / panel.Vectors,
            parts = (to - from + most - 1) / most;
        for (int depth = 0; depth < problem.Kernel.Depth; depth++)
        {
            int count = 0;
            for (int slice = 0; slice < problem.Output.Depth; slice++)
            {
                int source = slice + (depth * problem.Dilation.Depth) - problem.PadBefore.Depth;
                if ((uint)source < (uint)problem.Input.Depth)
                    segments[count++] = new Segment(
                        (nint)((long)source * blockTiles * inputStride * sizeof(float)),
                        (nint)((long)slice * blockTiles * panel.Width * sizeof(float))
                    );
            }

            for (int position = 0; position < TileGrid.Positions; position++)
            {
                float* sum = sums + ((((long)depth * TileGrid.Positions) + position) * PositionSums(panel));
                if (count == 0)
                {
                    if (overwrite)
                        new Span<float>(sum + ((long)from * panel.Width), (to - from) * panel.Width).Clear();
                    continue;
                }

                for (int part = 0, channel = from, rows; part < parts; part++, channel += rows)
                {
                    rows = (to - from + part) / parts;
                    Kernel(rows, panel.Vectors)(
                        (byte*)(inputs + (position * InputElements) + channel),
                        (byte*)(gradients + (position * GradientElements) + PanelOffset(number)),
                        (byte*)(sum + ((long)channel * panel.Width)),
                        segments,
                        count,
                        tiles,
                        overwrite ? 0 : 1
                    );
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void AddRange(WeightPanel panel, int from, int to, float* addends, float* sums)
    {
        for (int matrix = 0; matrix < problem.Kernel.Depth * TileGrid.Positions; matrix++)
        {
            long begin = (matrix * PositionSums(panel)) + ((long)from * panel.Width),
                end = begin + ((long)(to - from) * panel.Width);
            for (long i = begin; i < end; i += TVector.Count)
                TVector.Store(TVector.Load(sums + i) + TVector.Load(addends + i), sums + i);
        }
    }

    private void Store(WeightPanel panel, int from, int to, float* sums, float* gw)
    {
        TVector* taps = stackalloc TVector[9];
        long tapElements = (long)problem.InputChannels * problem.OutputChannels,
            position = PositionSums(panel);
        for (int depth = 0; depth < problem.Kernel.Depth; depth++)
        {
            for (int channel = from; channel < to; channel++)
            {
                for (int vector = 0; vector < panel.Vectors; vector++)
                {
                    int lane = vector * TVector.Count;
                    WinogradTransforms<TVector>.WeightsGradient(
                        sums + (depth * TileGrid.Positions * position) + ((long)channel * panel.Width) + lane,
                        position,
                        (float*)taps
                    );
                    float* target =
                        gw + (9 * depth * tapElements) + ((long)channel * problem.OutputChannels) + panel.FirstChannel + lane;
                    for (int tap = 0; tap < 9; tap++)
                        TVector.Store(taps[tap], target + (tap * tapElements));
                }
            }
        }
    }

    /// <summary>Elements between the positions of a panel's sums.</summary>
    private long PositionSums(WeightPanel panel) => Skewed((long)problem.InputChannels * panel.Width);

    /// <inheritdoc cref="WinogradTransforms{TVector}.Skewed"/>
    private static long Skewed(long elements) => WinogradTransforms<TVector>.Skewed(elements);

    /// <summary>Where a panel's gradients begin within a position.</summary>
    private long PanelOffset(int panel) => (long)problem.Output.Depth * blockTiles * panels[panel % bandPanels].FirstChannel;

    private MicroKernel Kernel(int rows, int vectors) =>
        kernels[vectors, rows] ??= MicroKernelCache.Get(
            shape with
            {
                Rows = rows,
                Vectors = vectors,
                StepB = vectors * TVector.Count,
                RowStrideC = vectors * TVector.Count,
            }
        );
}
