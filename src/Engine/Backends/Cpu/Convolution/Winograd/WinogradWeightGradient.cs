namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The weight gradient of a 3x3 convolution (times any depth) by F(4x4, 3x3): gw = G' [sum over tiles of (B' x B) . (A gy A')] G. Both operands are transformed tile by
/// tile; per position the sum over tiles is a matrix product of channels by channels. Tiles are taken in blocks, whose sums are added in order.
/// </summary>
internal abstract unsafe class WinogradWeightGradient
{
    /// <summary>Whether the method applies and saves more than its transforms cost.</summary>
    public static bool Suits(ConvolutionProblem problem, SimdLevel level)
        => problem.Stride == Size3.One && (problem.Kernel.Height, problem.Kernel.Width) == (3, 3) && (problem.Padding == PaddingMode.Zero || problem.Kernel.Depth == 1)
            && WinogradConvolution.Pays(level, problem.Kernel.Depth, problem.InputChannels, problem.OutputChannels, GridOf(problem), problem.Output);

    /// <summary>The plan of a problem; null where the method does not apply or pay.</summary>
    public static WinogradWeightGradient? Create(ConvolutionProblem problem, SimdLevel level) => !Suits(problem, level) ? null : level switch
    {
        SimdLevel.Avx512 => new WinogradWeightGradient<Simd512<float>>(problem, level),
        SimdLevel.Avx2 => new WinogradWeightGradient<Simd256<float>>(problem, level),
        _ => new WinogradWeightGradient<Simd128<float>>(problem, level),
    };

    /// <summary>Elements of a block of transformed operands, and of sums where there are several blocks.</summary>
    public abstract long SharedScratch { get; }

    /// <summary>Elements of scratch that each worker needs.</summary>
    public abstract long WorkerScratch { get; }

    /// <param name="threads">Share tiles, then panels of output channels.</param>
    /// <param name="load">Applied to the input.</param>
    /// <param name="x">Input of the convolution.</param>
    /// <param name="gy">Gradient of its output.</param>
    /// <param name="gw">Receives the gradient of the weights.</param>
    /// <param name="shared">Room for <see cref="SharedScratch"/>.</param>
    /// <param name="scratch">Room for <see cref="WorkerScratch"/>, by worker.</param>
    public abstract void Run(CpuThreads threads, LoadTransform load, float* x, float* gy, float* gw, float* shared, nint[] scratch);

    protected static TileGrid GridOf(ConvolutionProblem problem) => new(
        problem.Input, problem.Output, problem.Padding, (-problem.PadBefore.Height, -problem.PadBefore.Width), (problem.Dilation.Height, problem.Dilation.Width));
}

/// <inheritdoc cref="WinogradWeightGradient"/>
internal sealed unsafe class WinogradWeightGradient<TVector> : WinogradWeightGradient
    where TVector : unmanaged, ISimd<TVector, float>
{
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
    private readonly int blockTiles, blocks, shares;

    public WinogradWeightGradient(ConvolutionProblem problem, SimdLevel level)
    {
        this.problem = problem;
        grid = GridOf(problem);
        panels = WeightPanel.Cut(problem.OutputChannels, TVector.Count, 0);
        mostAccumulators = MicroKernelCache.MaximumAccumulators(level);
        kernels = new MicroKernel?[3, mostAccumulators + 1];
        inputStride = (int)Skewed(problem.InputChannels);
        shape = new MicroKernelShape(typeof(float), level.VectorBytes(), 1, 1, 1, inputStride, 1, 0);
        long tileBytes = (long)TileGrid.Positions * ((problem.Input.Depth * (long)inputStride) + (problem.Output.Depth * (long)PaddedOutputs)) * sizeof(float);

        // Sums of several blocks must be kept: where they are larger than a block, a larger block is the better use of memory.
        long budget = Math.Max(BlockBytes, SumElements * sizeof(float));
        blockTiles = (int)Math.Clamp(budget / tileBytes, Math.Min(FewestTiles, AllTiles), AllTiles);
        blocks = (AllTiles + blockTiles - 1) / blockTiles;
        blockTiles = (AllTiles + blocks - 1) / blocks;
        int mostRows = mostAccumulators / panels[0].Vectors;
        shares = Math.Clamp((FewestUnits + panels.Length - 1) / panels.Length, 1, (problem.InputChannels + mostRows - 1) / mostRows);
    }

    public override long SharedScratch => (TileGrid.Positions * (InputElements + GradientElements)) + (blocks > 1 ? SumElements : 0);

    public override long WorkerScratch => PanelElements + Math.Max(problem.InputChannels, problem.OutputChannels);

    private int AllTiles => problem.Batch * grid.Count;

    private long InputElements => Skewed((long)problem.Input.Depth * blockTiles * inputStride);

    /// <summary>One position's transformed gradients of a block: (panel, slice, tile, channel of the panel).</summary>
    private long GradientElements => Skewed((long)problem.Output.Depth * blockTiles * PaddedOutputs);

    private int PaddedOutputs => panels.Length * panels[0].Width;

    /// <summary>A panel's sums: (depth tap, position, input channel, channel of the panel).</summary>
    private long PanelElements => problem.Kernel.Depth * TileGrid.Positions * PositionSums(panels[0]);

    private long SumElements => panels.Length * PanelElements;

    public override void Run(CpuThreads threads, LoadTransform load, float* x, float* gy, float* gw, float* shared, nint[] scratch)
    {
        float* inputs = shared, gradients = inputs + (TileGrid.Positions * InputElements), sums = gradients + (TileGrid.Positions * GradientElements);
        for (int block = 0; block < blocks; block++)
        {
            int first = block * blockTiles, tiles = Math.Min(blockTiles, AllTiles - first);
            int unitTiles = TileGrid.TilesPerUnit(Math.Max(problem.InputChannels, problem.OutputChannels)), units = (tiles + unitTiles - 1) / unitTiles;
            bool isFirst = block == 0, isLast = block == blocks - 1;
            threads.Run(units * (problem.Input.Depth + problem.Output.Depth), (unit, worker) =>
            {
                (int slice, int from) = (unit / units, unit % units * unitTiles);
                int to = Math.Min(tiles, from + unitTiles);
                float* zeros = (float*)scratch[worker] + PanelElements;
                if (slice < problem.Input.Depth)
                {
                    WinogradTransforms<TVector>.Inputs(
                        grid, (first + from)..(first + to), x, slice, problem.InputChannels, load, zeros, inputs + ((((long)slice * blockTiles) + from) * inputStride), inputStride, InputElements);
                }
                else
                {
                    TransformGradient(slice - problem.Input.Depth, first, from, to, gy, gradients, zeros);
                }
            });
            threads.Run(panels.Length * shares, (unit, worker) =>
            {
                (int panel, int share) = (unit / shares, unit % shares);
                (int from, int to) = (share * problem.InputChannels / shares, (share + 1) * problem.InputChannels / shares);
                float* sum = blocks > 1 ? sums + (panel * PanelElements) : (float*)scratch[worker];
                AddBlock(panels[panel], from, to, tiles, inputs, gradients, sum, overwrite: isFirst);
                if (isLast)
                    Store(panels[panel], from, to, sum, gw);
            });
        }
    }

    private void TransformGradient(int slice, int firstTile, int from, int to, float* gy, float* target, float* zeros)
    {
        float** pointers = stackalloc float*[16];
        new Span<float>(zeros, problem.OutputChannels).Clear();
        for (int tile = from; tile < to; tile++)
        {
            grid.OutputPointers(firstTile + tile, gy, slice, problem.OutputChannels, zeros, pointers);
            foreach (WeightPanel panel in panels)
            {
                float* row = target + PanelOffset(panel) + ((((long)slice * blockTiles) + tile) * panel.Width);
                for (int vector = 0; vector < panel.Vectors; vector++)
                    WinogradTransforms<TVector>.OutputGradient(pointers, panel.FirstChannel + (vector * TVector.Count), row + (vector * TVector.Count), GradientElements);
            }
        }
    }

    /// <summary>The products of a block's tiles, added to a panel's sums for some input channels.</summary>
    private void AddBlock(WeightPanel panel, int from, int to, int tiles, float* inputs, float* gradients, float* sums, bool overwrite)
    {
        Segment* segments = stackalloc Segment[problem.Output.Depth];
        int most = mostAccumulators / panel.Vectors, parts = (to - from + most - 1) / most;
        for (int depth = 0; depth < problem.Kernel.Depth; depth++)
        {
            int count = 0;
            for (int slice = 0; slice < problem.Output.Depth; slice++)
            {
                int source = slice + (depth * problem.Dilation.Depth) - problem.PadBefore.Depth;
                if ((uint)source < (uint)problem.Input.Depth)
                    segments[count++] = new Segment((nint)((long)source * blockTiles * inputStride * sizeof(float)), (nint)((long)slice * blockTiles * panel.Width * sizeof(float)));
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
                        (byte*)(inputs + (position * InputElements) + channel), (byte*)(gradients + (position * GradientElements) + PanelOffset(panel)),
                        (byte*)(sum + ((long)channel * panel.Width)), segments, count, tiles, overwrite ? 0 : 1);
                }
            }
        }
    }

    private void Store(WeightPanel panel, int from, int to, float* sums, float* gw)
    {
        TVector* taps = stackalloc TVector[9];
        long tapElements = (long)problem.InputChannels * problem.OutputChannels, position = PositionSums(panel);
        for (int depth = 0; depth < problem.Kernel.Depth; depth++)
        {
            for (int channel = from; channel < to; channel++)
            {
                for (int vector = 0; vector < panel.Vectors; vector++)
                {
                    int lane = vector * TVector.Count;
                    WinogradTransforms<TVector>.WeightsGradient(sums + (depth * TileGrid.Positions * position) + ((long)channel * panel.Width) + lane, position, (float*)taps);
                    float* target = gw + (9 * depth * tapElements) + ((long)channel * problem.OutputChannels) + panel.FirstChannel + lane;
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
    private long PanelOffset(WeightPanel panel) => (long)problem.Output.Depth * blockTiles * panel.FirstChannel;

    private MicroKernel Kernel(int rows, int vectors) => kernels[vectors, rows] ??= MicroKernelCache.Get(shape with
    {
        Rows = rows,
        Vectors = vectors,
        StepB = vectors * TVector.Count,
        RowStrideC = vectors * TVector.Count,
    });
}
