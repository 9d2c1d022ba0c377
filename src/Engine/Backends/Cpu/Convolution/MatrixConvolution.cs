using System.Numerics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// A <see cref="GatherProblem"/> of so few output elements that reading its weights takes longer than its products: windows
/// (<see cref="WindowMatrix"/>) times weights. Weights are read from memory once, in the order in which they lie there; a few
/// of a panel are packed at a time and stay in the first-level cache for all windows. Rows of a register tile are windows of
/// any place, so that maps of a few pixels fill tiles, too.
/// Every output element is summed in one order, whatever the thread count.
/// </summary>
internal sealed unsafe class MatrixConvolution : IDirectConvolution
{
    // Measured: beyond this, products take longer than reading weights, and bands of rows or Winograd's tiles do as well.
    private const int MostWindows = 32;

    // With fewer output channels, making windows takes as long as multiplying them.
    private const int FewestPanels = 2;

    // Weights are packed in pieces. Where outputs lie side by side, a unit takes wide pieces of few rows, so that memory is read
    // along; where inputs do, long pieces of each output's row.
    private const int PackedInputs = 16,
        PackedInputsTransposed = 64;
    private const int FewestUnits = 4,
        MostUnitPanels = 32;

    private readonly GatherProblem problem;
    private readonly WindowMatrix windows;
    private readonly WeightPanel[] panels;
    private readonly TapRun[][] taps;
    private readonly MicroKernelShape shape;
    private readonly MicroKernel?[,] kernels;
    private readonly int packedInputs;
    private readonly int unitPanels;
    private readonly int unitWidth;

    public MatrixConvolution(GatherProblem problem, SimdLevel level, Type elementType)
    {
        this.problem = problem;
        windows = new WindowMatrix(problem);
        shape = new MicroKernelShape(elementType, level.VectorBytes(), 1, 1, windows.RowStride, 1, 1, 0);

        // What is packed is of one panel at a time: each begins at the start of the scratch.
        panels = WeightPanel.Cut(problem.OutputChannels, shape.Lanes, 0);
        taps = [.. problem.Taps.Select(tap => new[] { new TapRun(tap, [tap.Weight]) })];
        kernels = new MicroKernel?[3, MicroKernelCache.MaximumAccumulators(level) + 1];
        (packedInputs, unitPanels) = problem.TransposedWeights
            ? (PackedInputsTransposed, 1)
            : (PackedInputs, Math.Clamp(panels.Length / FewestUnits, 1, MostUnitPanels));
        unitWidth = unitPanels * 2 * shape.Lanes;
    }

    /// <summary>Elements of shared scratch: the windows.</summary>
    public long SharedScratch => windows.Elements;

    /// <summary>
    /// Elements of scratch that each worker needs: weights that are packed at a time, and results of its panels.
    /// </summary>
    public long WorkerScratch => PackedElements + ((long)windows.Rows * unitWidth);

    private long PackedElements => (long)packedInputs * 2 * shape.Lanes;

    /// <summary>Whether a problem is better taken this way.</summary>
    public static bool Suits(GatherProblem problem, SimdLevel level, Type elementType) =>
        (long)problem.Batch * problem.Count.Count <= MostWindows && HasPanels(problem.OutputChannels, level, elementType);

    /// <summary>Whether there are output channels enough to be worth making windows.</summary>
    internal static bool HasPanels(int outputChannels, SimdLevel level, Type elementType) =>
        outputChannels >= FewestPanels * 2 * level.Lanes(elementType);

    public void Run<T>(CpuThreads threads, T* input, T* weights, T* bias, T* output, bool accumulate, T* shared, nint[] scratch)
        where T : unmanaged, INumber<T>
    {
        windows.Fill(threads, input, shared);
        threads.Run(
            (panels.Length + unitPanels - 1) / unitPanels,
            (unit, worker) =>
            {
                var packed = (T*)scratch[worker];
                T* results = packed + PackedElements;
                int first = unit * unitPanels;
                ReadOnlySpan<WeightPanel> some = panels.AsSpan(first, Math.Min(unitPanels, panels.Length - first));
                Multiply(some, shared, weights, packed, results);
                Store(some, results, bias, output, accumulate);
            }
        );
    }

    private void Multiply<T>(ReadOnlySpan<WeightPanel> some, T* rows, T* weights, T* packed, T* results)
        where T : unmanaged
    {
        for (int tap = 0; tap < taps.Length; tap++)
        {
            for (int first = 0; first < problem.InputChannels; first += packedInputs)
            {
                int count = Math.Min(packedInputs, problem.InputChannels - first);
                T* column = rows + ((long)tap * problem.InputChannels) + first;
                foreach (WeightPanel panel in some)
                {
                    PanelPacking.PackPanel(problem, taps[tap], panel, first..(first + count), weights, packed);
                    T* target = results + (panel.FirstChannel - some[0].FirstChannel);
                    MultiplyPanel(panel, column, packed, target, count, accumulate: tap > 0 || first > 0);
                }
            }
        }
    }

    private void MultiplyPanel<T>(WeightPanel panel, T* rows, T* packed, T* results, int steps, bool accumulate)
        where T : unmanaged
    {
        int most = (kernels.GetLength(1) - 1) / panel.Vectors,
            tiles = (windows.Rows + most - 1) / most,
            row = 0;
        var segment = new Segment(0, 0);
        for (int i = 0; i < tiles; i++)
        {
            int tileRows = (windows.Rows + i) / tiles;
            Kernel(tileRows, panel.Vectors)(
                (byte*)(rows + ((long)row * windows.RowStride)),
                (byte*)packed,
                (byte*)(results + ((long)row * unitWidth)),
                &segment,
                1,
                steps,
                accumulate ? 1 : 0
            );
            row += tileRows;
        }
    }

    private void Store<T>(ReadOnlySpan<WeightPanel> some, T* results, T* bias, T* output, bool accumulate)
        where T : unmanaged, INumber<T>
    {
        int first = some[0].FirstChannel,
            channels = some[^1].FirstChannel + some[^1].Channels - first;
        for (int row = 0; row < windows.Rows; row++, results += unitWidth)
        {
            (int sample, Size3 position) = windows.Position(row);
            Size3 place = Size3.Map(a => problem.Start[a] + (position[a] * problem.OutputStep[a]));
            long pixel = (long)sample * problem.Output.Depth + place.Depth;
            pixel = (((pixel * problem.Output.Height) + place.Height) * problem.Output.Width) + place.Width;
            T* target = output + (pixel * problem.OutputChannels) + first;
            for (int channel = 0; channel < channels; channel++)
            {
                T sum = bias == null ? results[channel] : results[channel] + bias[first + channel];
                target[channel] = accumulate ? target[channel] + sum : sum;
            }
        }
    }

    private MicroKernel Kernel(int rows, int vectors) =>
        kernels[vectors, rows] ??= MicroKernelCache.Get(
            shape with
            {
                Rows = rows,
                Vectors = vectors,
                StepB = vectors * shape.Lanes,
                RowStrideC = unitWidth,
            }
        );
}
