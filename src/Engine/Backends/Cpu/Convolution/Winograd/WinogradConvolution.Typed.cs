namespace UnpairedSegEngine.Backends.Cpu;

/// <inheritdoc cref="WinogradConvolution"/>
internal sealed unsafe class WinogradConvolution<TVector> : WinogradConvolution
    where TVector : unmanaged, ISimd<TVector, float>
{
    // Input channels are taken in bands, which add up in the output: what is transformed of one fits into the shared cache.
    private const int MostBandChannels = 512;

    // OwnTiles: of transformed weights that all threads read, and of a thread's transformed inputs.
    private const long MostSharedWeightBytes = 4 << 20;
    private const int OwnTileBytes = 384 << 10;

    // SharedBlocks: transformed inputs lie around in the caches of the threads; fewer tiles would read the weights too often.
    private const int BlockBytesPerThread = 1 << 20;
    private const int FewestTiles = 64;

    // Shares of a block to multiply.
    private const int FewestUnits = 16;

    // OwnPanels: where there are panels enough, or too many to store. Blocks are large, since each transforms the weights anew.
    private const int FewestPanelsPerThread = 4;
    private const long MostStoredWeightBytes = 48 << 20;
    private const int LargeBlockBytes = 12 << 20;
    private const int FewestLargeTiles = 192;

    private readonly GatherProblem problem;
    private readonly Kernel3x3 kernel;
    private readonly TileGrid grid;
    private readonly TapRun[] runs;
    private readonly WeightPanel[] panels;
    private readonly MicroKernelShape shape;
    private readonly MicroKernel?[,] kernels;
    private readonly int mostAccumulators;
    private readonly int mostRows;
    private readonly int bandChannels;
    private readonly int inputStride;
    private readonly int blockTiles;

    public WinogradConvolution(GatherProblem problem, SimdLevel level, int threads)
    {
        this.problem = problem;
        kernel = Kernel3x3.Of(problem.Taps)!;
        grid = GridOf(problem, kernel);
        runs = TapRun.Merge(problem.Taps);
        panels = WeightPanel.Cut(problem.OutputChannels, TVector.Count, (long)problem.Taps.Length * problem.InputChannels);
        mostAccumulators = MicroKernelCache.MaximumAccumulators(level);
        mostRows = mostAccumulators / panels[0].Vectors;
        kernels = new MicroKernel?[3, mostAccumulators + 1];
        bandChannels = BandChannels(problem.InputChannels);
        inputStride = (int)Skewed(bandChannels);
        shape = new MicroKernelShape(typeof(float), level.VectorBytes(), 1, 1, inputStride, 1, 1, 0);
        long tileBytes = (long)TileGrid.Positions * problem.Input.Depth * inputStride * sizeof(float);
        long weightBytes = WeightElements * sizeof(float);
        Schedule =
            weightBytes <= MostSharedWeightBytes && 2 * AllTiles >= threads * mostRows ? WinogradSchedule.OwnTiles
            : panels.Length < FewestPanelsPerThread * threads && weightBytes <= MostStoredWeightBytes
                ? WinogradSchedule.SharedBlocks
            : WinogradSchedule.OwnPanels;
        (int budget, int fewest, int shares) = Schedule switch
        {
            WinogradSchedule.OwnTiles => (OwnTileBytes, mostRows, threads),
            WinogradSchedule.SharedBlocks => (BlockBytesPerThread * threads, FewestTiles, 1),
            WinogradSchedule.OwnPanels => (LargeBlockBytes, FewestLargeTiles, 1),
            _ => throw new InvalidOperationException($"unknown schedule {Schedule}"),
        };
        blockTiles = (int)Math.Clamp(budget / tileBytes, Math.Min(fewest, AllTiles), AllTiles);
        int blocks = (AllTiles + (blockTiles * shares) - 1) / (blockTiles * shares) * shares;
        blockTiles = (AllTiles + blocks - 1) / blocks;
    }

    public override WinogradSchedule Schedule { get; }

    public override long SharedScratch => StoredWeights + (Schedule == WinogradSchedule.OwnTiles ? 0 : BlockElements);

    public override long WorkerScratch =>
        ProductElements
        + PackedPanel
        + bandChannels
        + panels[0].Width
        + Schedule switch
        {
            WinogradSchedule.OwnTiles => BlockElements,
            WinogradSchedule.OwnPanels => PanelElements,
            WinogradSchedule.SharedBlocks => 0,
            _ => throw new InvalidOperationException($"unknown schedule {Schedule}"),
        };

    /// <summary>Tiles of all samples, side by side.</summary>
    private int AllTiles => problem.Batch * grid.Count;

    private bool StoresWeights => Schedule != WinogradSchedule.OwnPanels;

    private long StoredWeights => StoresWeights ? WeightElements : 0;

    private long WeightElements => (long)panels.Length * PanelElements;

    /// <summary>A panel's transformed weights: (position, depth tap, input channel, channel of the panel).</summary>
    private long PanelElements => TileGrid.Positions * PositionWeights(panels[0]);

    private long PackedPanel => (long)problem.Taps.Length * bandChannels * panels[0].Width;

    private long BlockElements => (long)TileGrid.Positions * PositionElements;

    /// <summary>One position's transformed inputs of a block: (slice, tile, channel).</summary>
    private long PositionElements => Skewed((long)problem.Input.Depth * blockTiles * inputStride);

    private long ProductElements => TileGrid.Positions * PositionProducts(panels[0], blockTiles);

    public override void Run(
        CpuThreads threads,
        LoadTransform load,
        float* input,
        float* weights,
        float* bias,
        float* output,
        bool accumulate,
        float* shared,
        nint[] scratch
    )
    {
        for (int band = 0; band < problem.InputChannels; band += bandChannels)
            RunBand(
                threads,
                band..(band + bandChannels),
                load,
                input,
                weights,
                band == 0 ? bias : null,
                output,
                accumulate || band > 0,
                shared,
                scratch
            );
    }

    private void RunBand(
        CpuThreads threads,
        Range band,
        LoadTransform load,
        float* input,
        float* weights,
        float* bias,
        float* output,
        bool accumulate,
        float* shared,
        nint[] scratch
    )
    {
        if (StoresWeights)
            threads.Run(
                panels.Length,
                (panel, worker) =>
                    TransformWeights(
                        panels[panel],
                        band,
                        weights,
                        (float*)scratch[worker] + ProductElements,
                        shared + (panel * PanelElements)
                    )
            );
        if (Schedule == WinogradSchedule.OwnTiles)
        {
            threads.Run(
                (AllTiles + blockTiles - 1) / blockTiles,
                (block, worker) => RunOwn(block, band, load, input, shared, bias, output, accumulate, (float*)scratch[worker])
            );
            return;
        }

        float* transformed = shared + StoredWeights;
        for (int firstTile = 0; firstTile < AllTiles; firstTile += blockTiles)
        {
            int first = firstTile,
                tiles = Math.Min(blockTiles, AllTiles - firstTile);
            int unitTiles = TileGrid.TilesPerUnit(bandChannels),
                units = (tiles + unitTiles - 1) / unitTiles;
            threads.Run(
                units * problem.Input.Depth,
                (unit, worker) =>
                {
                    (int depth, int from) = (unit / units, unit % units * unitTiles);
                    WinogradTransforms<TVector>.Inputs(
                        grid,
                        (first + from)..(first + Math.Min(tiles, from + unitTiles)),
                        input,
                        depth,
                        problem.InputChannels,
                        band,
                        load,
                        (float*)scratch[worker],
                        transformed + ((((long)depth * blockTiles) + from) * inputStride),
                        inputStride,
                        PositionElements
                    );
                }
            );
            int shares = StoresWeights
                ? Math.Clamp((FewestUnits + panels.Length - 1) / panels.Length, 1, (tiles + mostRows - 1) / mostRows)
                : 1;
            threads.Run(
                panels.Length * shares,
                (unit, worker) =>
                {
                    (int panel, int share) = (unit / shares, unit % shares);
                    float* products = (float*)scratch[worker];
                    float* own = shared + (panel * PanelElements);
                    if (!StoresWeights)
                    {
                        own = products + ProductElements + PackedPanel;
                        TransformWeights(panels[panel], band, weights, products + ProductElements, own);
                    }

                    int from = (int)((long)share * tiles / shares),
                        to = (int)((share + 1L) * tiles / shares);
                    for (int slice = 0; slice < problem.Count.Depth; slice++)
                        RunSlice(
                            panels[panel],
                            slice,
                            first + from,
                            to - from,
                            own,
                            transformed + ((long)from * inputStride),
                            bias,
                            output,
                            accumulate,
                            products
                        );
                }
            );
        }
    }

    private void RunOwn(
        int block,
        Range band,
        LoadTransform load,
        float* input,
        float* weights,
        float* bias,
        float* output,
        bool accumulate,
        float* products
    )
    {
        int from = block * blockTiles,
            tiles = Math.Min(blockTiles, AllTiles - from);
        float* transformed = products + ProductElements,
            zeros = transformed + BlockElements;
        for (int depth = 0; depth < problem.Input.Depth; depth++)
        {
            WinogradTransforms<TVector>.Inputs(
                grid,
                from..(from + tiles),
                input,
                depth,
                problem.InputChannels,
                band,
                load,
                zeros,
                transformed + ((long)depth * blockTiles * inputStride),
                inputStride,
                PositionElements
            );
        }

        for (int panel = 0; panel < panels.Length; panel++)
        {
            for (int slice = 0; slice < problem.Count.Depth; slice++)
                RunSlice(
                    panels[panel],
                    slice,
                    from,
                    tiles,
                    weights + (panel * PanelElements),
                    transformed,
                    bias,
                    output,
                    accumulate,
                    products
                );
        }
    }

    private void TransformWeights(WeightPanel panel, Range band, float* weights, float* packed, float* target)
    {
        PanelPacking.PackPanel(problem, runs, panel with { Offset = 0 }, band, weights, packed);
        float** sources = stackalloc float*[9];
        long stride = PositionWeights(panel);
        for (int depth = 0; depth < kernel.Depths.Length; depth++)
        {
            for (int channel = 0; channel < bandChannels; channel++)
            {
                for (int vector = 0; vector < panel.Vectors; vector++)
                {
                    long within = ((long)channel * panel.Width) + (vector * TVector.Count);
                    for (int tap = 0; tap < 9; tap++)
                        sources[tap] = packed + ((long)kernel.PackedIndex(depth, tap) * bandChannels * panel.Width) + within;
                    WinogradTransforms<TVector>.Weights(
                        sources,
                        target + ((long)depth * bandChannels * panel.Width) + within,
                        stride
                    );
                }
            }
        }
    }

    private void RunSlice(
        WeightPanel panel,
        int slice,
        int firstTile,
        int tiles,
        float* weights,
        float* transformed,
        float* bias,
        float* output,
        bool accumulate,
        float* products
    )
    {
        Segment* segments = stackalloc Segment[kernel.Depths.Length];
        int count = 0;
        for (int depth = 0; depth < kernel.Depths.Length; depth++)
        {
            int source = slice + kernel.Depths[depth];
            if ((uint)source < (uint)problem.Input.Depth)
                segments[count++] = new Segment(
                    (nint)((long)source * blockTiles * inputStride * sizeof(float)),
                    (nint)((long)depth * bandChannels * panel.Width * sizeof(float))
                );
        }

        long positionWeights = PositionWeights(panel),
            positionProducts = PositionProducts(panel, tiles);
        int most = mostAccumulators / panel.Vectors,
            parts = (tiles + most - 1) / most;
        for (int position = 0; position < TileGrid.Positions && count > 0; position++)
        {
            for (int part = 0, tile = 0, rows; part < parts; part++, tile += rows)
            {
                rows = (tiles + part) / parts;
                Kernel(rows, panel.Vectors)(
                    (byte*)(transformed + (position * PositionElements) + ((long)tile * inputStride)),
                    (byte*)(weights + (position * positionWeights)),
                    (byte*)(products + (position * positionProducts) + ((long)tile * panel.Width)),
                    segments,
                    count,
                    bandChannels,
                    0
                );
            }
        }

        if (count == 0)
            new Span<float>(products, (int)(TileGrid.Positions * positionProducts)).Clear();
        Store(panel, slice, firstTile, tiles, products, bias, output, accumulate);
    }

    private void Store(
        WeightPanel panel,
        int slice,
        int firstTile,
        int tiles,
        float* products,
        float* bias,
        float* output,
        bool accumulate
    )
    {
        float** pointers = stackalloc float*[16];
        TVector* results = stackalloc TVector[16];
        for (int tile = 0; tile < tiles; tile++)
        {
            grid.OutputPointers(firstTile + tile, output + panel.FirstChannel, slice, problem.OutputChannels, null, pointers);
            for (int vector = 0; vector < panel.Vectors; vector++)
            {
                int channel = vector * TVector.Count;
                WinogradTransforms<TVector>.Output(
                    products + ((long)tile * panel.Width) + channel,
                    PositionProducts(panel, tiles),
                    (float*)results
                );
                TVector offset = bias is null ? TVector.Broadcast(0) : TVector.Load(bias + panel.FirstChannel + channel);
                for (int i = 0; i < 16; i++)
                {
                    float* target = pointers[i] + channel;
                    if (pointers[i] is not null)
                        TVector.Store(accumulate ? TVector.Load(target) + (results[i] + offset) : results[i] + offset, target);
                }
            }
        }
    }

    /// <summary>Channels of the fewest bands that are equal and whole vectors.</summary>
    private static int BandChannels(int channels)
    {
        for (int bands = (channels + MostBandChannels - 1) / MostBandChannels; ; bands++)
        {
            if (channels % (bands * TVector.Count) == 0)
                return channels / bands;
        }
    }

    /// <summary>Elements between the positions of a panel's transformed weights.</summary>
    private long PositionWeights(WeightPanel panel) => Skewed((long)kernel.Depths.Length * bandChannels * panel.Width);

    /// <summary>Elements between the positions of a panel's products.</summary>
    private static long PositionProducts(WeightPanel panel, int tiles) => Skewed((long)tiles * panel.Width);

    /// <inheritdoc cref="WinogradTransforms{TVector}.Skewed"/>
    private static long Skewed(long elements) => WinogradTransforms<TVector>.Skewed(elements);

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
