namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The weight gradient of so few output elements that writing it takes longer than its products: windows
/// (<see cref="WindowMatrix"/>), transposed, times the gradient. Each element is summed in registers over all windows and
/// written once.
/// </summary>
internal sealed unsafe class MatrixWeightGradient
{
    // Measured: up to the first it is faster than Winograd's transforms, up to the second than partial sums of bands.
    private const int MostWindowsBesideWinograd = 64,
        MostWindows = 256;

    // Rows of the result that take all panels of the gradient in turns: windows of so many columns stay in the first-level cache,
    // and what is written lies on as many pages as the first buffer of translations holds.
    private const int UnitTiles = 4;

    private readonly WindowMatrix windows;
    private readonly WeightPanel[] panels;
    private readonly MicroKernelShape shape;
    private readonly MicroKernel?[,,] kernels;
    private readonly int outputChannels;
    private readonly int tileRows;

    public MatrixWeightGradient(ConvolutionProblem problem, SimdLevel level, Type elementType)
    {
        windows = new WindowMatrix(GatherProblem.Forward(problem));
        outputChannels = problem.OutputChannels;
        shape = new MicroKernelShape(elementType, level.VectorBytes(), 1, 1, 1, windows.RowStride, 1, 0);
        panels = WeightPanel.Cut(outputChannels, shape.Lanes, windows.Rows);
        tileRows = MicroKernelCache.MaximumAccumulators(level) / 2;
        kernels = new MicroKernel?[3, 2, tileRows + 1];
    }

    /// <summary>Elements of shared scratch: the windows, and the gradient by panels.</summary>
    public long SharedScratch => windows.Elements + panels[^1].Offset + ((long)windows.Rows * panels[^1].Width);

    /// <summary>Elements of scratch that each worker needs: a tile.</summary>
    public long WorkerScratch => (long)tileRows * 2 * shape.Lanes;

    /// <summary>Whether a problem that Winograd's way does not suit is better taken this way.</summary>
    public static bool Suits(ConvolutionProblem problem, SimdLevel level, Type elementType) =>
        Suits(problem, level, elementType, MostWindows);

    /// <summary>Whether this way is better than any other.</summary>
    public static bool BeatsWinograd(ConvolutionProblem problem, SimdLevel level) =>
        Suits(problem, level, typeof(float), MostWindowsBesideWinograd);

    /// <param name="threads">Share the rows of the result.</param>
    /// <param name="x">Input of the convolution.</param>
    /// <param name="gy">Gradient of its output.</param>
    /// <param name="gw">Receives the gradient of the weights.</param>
    /// <param name="shared">Room for <see cref="SharedScratch"/>.</param>
    /// <param name="scratch">Room for <see cref="WorkerScratch"/>, by worker.</param>
    public void Run<T>(CpuThreads threads, T* x, T* gy, T* gw, T* shared, nint[] scratch)
        where T : unmanaged
    {
        T* gradient = shared + windows.Elements;
        windows.Fill(threads, x, shared);
        threads.Run(
            panels.Length,
            (panel, _) =>
                PanelPacking.PackColumns(gy, windows.Rows, outputChannels, panels[panel], gradient + panels[panel].Offset)
        );
        int unitRows = UnitTiles * tileRows;
        threads.Run(
            (windows.Columns + unitRows - 1) / unitRows,
            (unit, worker) =>
            {
                int first = unit * unitRows,
                    end = Math.Min(windows.Columns, first + unitRows);
                foreach (WeightPanel panel in panels)
                {
                    for (int row = first; row < end; row += tileRows)
                    {
                        T* result = gw + ((long)row * outputChannels) + panel.FirstChannel;
                        Multiply(panel, Math.Min(tileRows, end - row), shared + row, gradient, result, (T*)scratch[worker]);
                    }
                }
            }
        );
    }

    private void Multiply<T>(WeightPanel panel, int rows, T* window, T* gradient, T* result, T* tile)
        where T : unmanaged
    {
        var segment = new Segment(0, 0);
        Kernel(rows, panel)(
            (byte*)window,
            (byte*)(gradient + panel.Offset),
            (byte*)(panel.IsFull ? result : tile),
            &segment,
            1,
            windows.Rows,
            0
        );
        for (int row = 0; row < rows && !panel.IsFull; row++, tile += panel.Width, result += outputChannels)
            new ReadOnlySpan<T>(tile, panel.Channels).CopyTo(new Span<T>(result, panel.Channels));
    }

    private static bool Suits(ConvolutionProblem problem, SimdLevel level, Type elementType, int mostWindows) =>
        (long)problem.Batch * problem.Output.Count <= mostWindows
        && MatrixConvolution.HasPanels(problem.OutputChannels, level, elementType);

    private MicroKernel Kernel(int rows, WeightPanel panel) =>
        kernels[panel.Vectors, panel.IsFull ? 1 : 0, rows] ??= MicroKernelCache.Get(
            shape with
            {
                Rows = rows,
                Vectors = panel.Vectors,
                StepB = panel.Width,
                RowStrideC = panel.IsFull ? outputChannels : panel.Width,
            }
        );
}
