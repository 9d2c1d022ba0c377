using System.Numerics;
using System.Runtime.CompilerServices;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// A <see cref="GatherProblem"/> by register tiles: neighbouring output pixels x up to two vectors of output channels. A worker
/// packs the input
/// rows of a band once and runs all weight panels on it; a chunk of a panel and the band stay in the L2 cache together.
/// Every output element is summed in one order, whatever the thread count.
/// </summary>
internal sealed unsafe class GatherConvolution : IDirectConvolution
{
    private const int BandBytes = 384 << 10;
    private const int WeightChunkBytes = 256 << 10;
    private const int FewestRows = 4;
    private const int FewestUnits = 16;

    private readonly GatherProblem problem;
    private readonly TapRun[] runs;
    private readonly BandPacking packing;
    private readonly WeightPanel[] panels;
    private readonly MicroKernelShape shape;
    private readonly MicroKernel?[,,] kernels;
    private readonly int elementBytes;
    private readonly int bandRows;
    private readonly int bands;
    private readonly int panelGroups;

    public GatherConvolution(GatherProblem problem, SimdLevel level, Type elementType)
    {
        this.problem = problem;
        runs = TapRun.Merge(problem.Taps);
        packing = new BandPacking(
            problem.Input,
            problem.InputChannels,
            problem.Padding,
            problem.InputStep,
            problem.Count,
            problem.Taps
        );
        shape = new MicroKernelShape(
            elementType,
            level.VectorBytes(),
            1,
            1,
            problem.InputStep.Width * problem.InputChannels,
            1,
            1,
            0
        );
        elementBytes = shape.ElementBytes;
        panels = WeightPanel.Cut(problem.OutputChannels, shape.Lanes, (long)problem.Taps.Length * problem.InputChannels);
        kernels = new MicroKernel?[3, 2, MicroKernelCache.MaximumAccumulators(level) + 1];

        long rowBytes = (long)packing.Columns * problem.InputChannels * elementBytes * packing.DepthOffsets.Length;
        long fitting = ((BandBytes / rowBytes) - packing.RowSpan) / problem.InputStep.Height;
        int images = problem.Batch * problem.Count.Depth;
        int forBalance = Math.Max(FewestRows, (int)((long)problem.Count.Height * images / FewestUnits));
        int rows = (int)Math.Clamp(fitting, FewestRows, forBalance);
        bands = (problem.Count.Height + rows - 1) / rows;
        bandRows = (problem.Count.Height + bands - 1) / bands;
        bands = (problem.Count.Height + bandRows - 1) / bandRows;
        panelGroups = Math.Min(panels.Length, Math.Max(1, FewestUnits / (images * bands)));
    }

    /// <summary>Elements of packed weights.</summary>
    public long SharedScratch => panels[^1].Offset + ((long)problem.Taps.Length * problem.InputChannels * panels[^1].Width);

    /// <summary>Elements of scratch that each worker needs: its band and a result tile.</summary>
    public long WorkerScratch => BandElements + TileElements;

    private long BandElements =>
        (long)packing.DepthOffsets.Length * packing.RowsFor(bandRows) * packing.Columns * problem.InputChannels;

    private long TileElements => (long)kernels.GetLength(2) * shape.Lanes;

    public void Run<T>(CpuThreads threads, T* input, T* weights, T* bias, T* output, bool accumulate, T* packed, nint[] scratch)
        where T : unmanaged, INumber<T>
    {
        threads.Run(panels.Length, (panel, _) => PanelPacking.PackPanel(problem, runs, panels[panel], weights, packed));
        threads.Run(
            problem.Batch * problem.Count.Depth * bands * panelGroups,
            (unit, worker) =>
            {
                int group = unit % panelGroups;
                int band = unit / panelGroups % bands;
                int image = unit / panelGroups / bands;
                (int sample, int slice) = (image / problem.Count.Depth, image % problem.Count.Depth);
                RunBand(sample, slice, band, group, input, packed, bias, output, accumulate, (T*)scratch[worker]);
            }
        );
    }

    private void RunBand<T>(
        int sample,
        int slice,
        int band,
        int group,
        T* input,
        T* packed,
        T* bias,
        T* output,
        bool accumulate,
        T* scratch
    )
        where T : unmanaged, INumber<T>
    {
        int firstRow = band * bandRows;
        int rows = Math.Min(bandRows, problem.Count.Height - firstRow);
        packing.Pack(input + ((long)sample * problem.Input.Count * problem.InputChannels), slice, firstRow, rows, scratch);

        T* target =
            output
            + (
                (
                    (((long)sample * problem.Output.Depth) + problem.Start.Depth + ((long)slice * problem.OutputStep.Depth))
                    * problem.Output.Height
                )
                * problem.Output.Width
                * problem.OutputChannels
            );
        for (int i = group; i < panels.Length; i += panelGroups)
        {
            RunPanel(panels[i], slice, firstRow, rows, scratch, packed, target, accumulate, scratch + BandElements);
            if (bias != null)
                AddBias(panels[i], firstRow, rows, bias, target);
        }
    }

    private void RunPanel<T>(
        WeightPanel panel,
        int slice,
        int firstRow,
        int rows,
        T* band,
        T* packed,
        T* target,
        bool accumulate,
        T* tile
    )
        where T : unmanaged, INumber<T>
    {
        int steps = runs[0].Length * problem.InputChannels;
        int chunk = Math.Max(1, WeightChunkBytes / (steps * panel.Width * elementBytes));
        Segment* segments = stackalloc Segment[Math.Min(chunk, runs.Length)];
        Span<bool> started = stackalloc bool[rows];
        started.Fill(accumulate);
        for (int first = 0; first < runs.Length; first += chunk)
        {
            int end = Math.Min(runs.Length, first + chunk);
            for (int row = 0; row < rows; row++)
            {
                int count = FillSegments(first, end, panel, slice, firstRow, row, rows, segments);
                if (count == 0)
                    continue;
                RunRow(
                    panel,
                    RowOf(target, firstRow + row),
                    band,
                    packed + panel.Offset,
                    segments,
                    count,
                    steps,
                    started[row],
                    tile
                );
                started[row] = true;
            }
        }

        for (int row = 0; row < rows; row++)
        {
            if (!started[row])
                ClearRow(panel, RowOf(target, firstRow + row));
        }
    }

    /// <summary>The runs that read the image for this row; those in the zero padding are left out.</summary>
    private int FillSegments(int first, int end, WeightPanel panel, int slice, int firstRow, int row, int rows, Segment* segments)
    {
        int count = 0;
        for (int i = first; i < end; i++)
        {
            Tap tap = runs[i].First;
            if (!packing.Reads(tap, slice, firstRow + row))
                continue;
            long packedRow =
                ((long)packing.SliceOf(tap) * packing.RowsFor(rows))
                + packing.RowOf(tap)
                + ((long)row * problem.InputStep.Height);
            segments[count++] = new Segment(
                (nint)(((packedRow * packing.Columns) + packing.ColumnOf(tap)) * problem.InputChannels * elementBytes),
                (nint)((long)i * runs[0].Length * problem.InputChannels * panel.Width * elementBytes)
            );
        }

        return count;
    }

    private void RunRow<T>(
        WeightPanel panel,
        T* row,
        T* band,
        T* weights,
        Segment* segments,
        int count,
        int steps,
        bool accumulate,
        T* tile
    )
        where T : unmanaged, INumber<T>
    {
        int most = (kernels.GetLength(2) - 1) / panel.Vectors;
        int tiles = (problem.Count.Width + most - 1) / most;
        int pixel = 0;
        for (int i = 0; i < tiles; i++)
        {
            int width = (problem.Count.Width + i) / tiles;
            T* source = band + ((long)pixel * problem.InputStep.Width * problem.InputChannels);
            T* result = row + ((long)pixel * problem.OutputStep.Width * problem.OutputChannels) + panel.FirstChannel;
            if (panel.IsFull)
            {
                Kernel(width, panel.Vectors, direct: true)(
                    (byte*)source,
                    (byte*)weights,
                    (byte*)result,
                    segments,
                    count,
                    steps,
                    accumulate ? 1 : 0
                );
            }
            else
            {
                Kernel(width, panel.Vectors, direct: false)(
                    (byte*)source,
                    (byte*)weights,
                    (byte*)tile,
                    segments,
                    count,
                    steps,
                    0
                );
                StoreTile(panel, width, tile, result, accumulate);
            }

            pixel += width;
        }
    }

    private void StoreTile<T>(WeightPanel panel, int width, T* tile, T* result, bool accumulate)
        where T : unmanaged, INumber<T>
    {
        for (int pixel = 0; pixel < width; pixel++)
        {
            for (int channel = 0; channel < panel.Channels; channel++)
                result[channel] = accumulate ? result[channel] + tile[channel] : tile[channel];
            tile += panel.Width;
            result += (long)problem.OutputStep.Width * problem.OutputChannels;
        }
    }

    private void ClearRow<T>(WeightPanel panel, T* row)
        where T : unmanaged
    {
        for (int pixel = 0; pixel < problem.Count.Width; pixel++)
            new Span<T>(
                row + ((long)pixel * problem.OutputStep.Width * problem.OutputChannels) + panel.FirstChannel,
                panel.Channels
            ).Clear();
    }

    private void AddBias<T>(WeightPanel panel, int firstRow, int rows, T* bias, T* target)
        where T : unmanaged, INumber<T>
    {
        for (int row = 0; row < rows; row++)
        {
            T* pixel = RowOf(target, firstRow + row);
            for (int i = 0; i < problem.Count.Width; i++, pixel += (long)problem.OutputStep.Width * problem.OutputChannels)
            {
                for (int channel = panel.FirstChannel; channel < panel.FirstChannel + panel.Channels; channel++)
                    pixel[channel] += bias[channel];
            }
        }
    }

    private T* RowOf<T>(T* image, int row)
        where T : unmanaged =>
        image
        + (
            (
                (((long)problem.Start.Height + ((long)row * problem.OutputStep.Height)) * problem.Output.Width)
                + problem.Start.Width
            ) * problem.OutputChannels
        );

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private MicroKernel Kernel(int rows, int vectors, bool direct) =>
        kernels[vectors, direct ? 1 : 0, rows] ??= MicroKernelCache.Get(
            shape with
            {
                Rows = rows,
                Vectors = vectors,
                StepB = vectors * shape.Lanes,
                RowStrideC = direct ? problem.OutputStep.Width * problem.OutputChannels : vectors * shape.Lanes,
            }
        );
}
