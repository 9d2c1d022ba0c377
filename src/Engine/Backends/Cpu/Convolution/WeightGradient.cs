using System.Numerics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// gw[tap, c, k] = sum over output pixels of x[pixel + tap, c] gy[pixel, k]. Bands of output rows are dealt to a number of
/// partial sums
/// that depends on the shape alone; each partial sum takes its bands in order, and the partial sums are added in order.
/// </summary>
internal abstract unsafe class WeightGradient
{
    // Long bands keep a result tile in registers for long; what a tile reads again per tap must stay in the L2 cache.
    private const int BandPixels = 4096;
    private const int BandBytes = 192 << 10;
    private const int FewestUnits = 4,
        MostUnits = 16;
    private const double UnitFlops = 0.25e9;

    // Elements moved per element of a packed band (read, written), and of a partial sum (cleared, read, written, added).
    private const int PackingCost = 2,
        PartialCost = 4;

    private readonly int bandRows;
    private readonly int bands;
    private readonly int partialSums;

    /// <param name="problem">Sizes.</param>
    /// <param name="level">Vector width.</param>
    /// <param name="elementType">float or double.</param>
    /// <param name="panels">Independent panels of the result's columns.</param>
    /// <param name="tileChannels">Input channels that one tile reads.</param>
    protected WeightGradient(ConvolutionProblem problem, SimdLevel level, Type elementType, int panels, int tileChannels)
    {
        Problem = problem;
        GatherProblem gather = GatherProblem.Forward(problem);
        Runs = TapRun.Merge(gather.Taps);
        Packing = new BandPacking(
            problem.Input,
            problem.InputChannels,
            problem.Padding,
            problem.Stride,
            problem.Output,
            gather.Taps
        );
        Shape = new MicroKernelShape(elementType, level.VectorBytes(), 1, 1, 1, 1, 1, 0);
        long rowBytes = (long)Packing.Columns * tileChannels * Shape.ElementBytes * Packing.DepthOffsets.Length;
        long fitting = ((BandBytes / rowBytes) - Packing.RowSpan) / problem.Stride.Height;
        bandRows = (int)Math.Clamp(Math.Min(fitting, BandPixels / problem.Output.Width), 2, Math.Max(2, problem.Output.Height));
        bands = (problem.Output.Height + bandRows - 1) / bandRows;
        (ColumnParts, partialSums) = Share(panels);
    }

    /// <summary>Elements that all partial sums take.</summary>
    public long Partials => PartialElements * partialSums;

    /// <summary>
    /// Elements of scratch that each worker needs: the packed input band with room to read over its end, and what a subclass
    /// packs of gy.
    /// </summary>
    public long WorkerScratch => BandElements + ((long)bandRows * GradientRowElements) + (2L * Shape.Lanes);

    protected ConvolutionProblem Problem { get; }

    protected TapRun[] Runs { get; }

    protected BandPacking Packing { get; }

    protected MicroKernelShape Shape { get; }

    /// <summary>Into how many independent parts the columns of the result are split.</summary>
    protected int ColumnParts { get; }

    /// <summary>Rows (tap, channel) that one run of taps contributes to the result.</summary>
    protected int RunRows => Runs[0].Length * Problem.InputChannels;

    /// <summary>Elements of one partial sum.</summary>
    protected abstract long PartialElements { get; }

    /// <summary>Elements of scratch per output row for a packed copy of gy.</summary>
    protected virtual long GradientRowElements => 0;

    /// <summary>Positions of a packed band: what <see cref="PackInput"/> fills holds so many times the channels.</summary>
    protected long BandPositions => (long)Packing.DepthOffsets.Length * Packing.RowsFor(bandRows) * Packing.Columns;

    /// <summary>Elements of a packed band.</summary>
    protected virtual long BandElements => ((BandPositions * Problem.InputChannels) + 15) & ~15L;

    /// <param name="threads">Share the partial sums.</param>
    /// <param name="x">Input of the convolution.</param>
    /// <param name="gy">Gradient of its output.</param>
    /// <param name="gw">Receives the gradient of the weights.</param>
    /// <param name="partials">Room for <see cref="Partials"/>.</param>
    /// <param name="scratch">Room for <see cref="WorkerScratch"/>, by worker.</param>
    public void Run<T>(CpuThreads threads, T* x, T* gy, T* gw, T* partials, nint[] scratch)
        where T : unmanaged, INumber<T>
    {
        int images = Problem.Batch * Problem.Output.Depth;
        threads.Run(
            partialSums * ColumnParts,
            (unit, worker) =>
            {
                (int sum, int part) = (unit / ColumnParts, unit % ColumnParts);
                T* partial = partials + (sum * PartialElements);
                Clear(part, partial);
                int end = (int)((sum + 1L) * images * bands / partialSums);
                for (int index = (int)((long)sum * images * bands / partialSums); index < end; index++)
                    RunBand(index / bands, index % bands, part, x, gy, partial, (T*)scratch[worker]);
            }
        );
        threads.Run(
            Runs.Length,
            (run, _) =>
            {
                for (int sum = 0; sum < partialSums; sum++)
                    AddPartial(run, partials + (sum * PartialElements), gw, overwrite: sum == 0);
            }
        );
    }

    /// <summary>target = source, or target += source.</summary>
    protected static void Add<T>(T* source, T* target, int count, bool overwrite)
        where T : unmanaged, INumber<T>
    {
        if (overwrite)
        {
            new ReadOnlySpan<T>(source, count).CopyTo(new Span<T>(target, count));
            return;
        }

        int i = 0;
        for (; i + Vector<T>.Count <= count; i += Vector<T>.Count)
            (Vector.Load(target + i) + Vector.Load(source + i)).Store(target + i);
        for (; i < count; i++)
            target[i] += source[i];
    }

    /// <summary>Zeroes a part's columns of a partial sum.</summary>
    protected abstract void Clear<T>(int part, T* partial)
        where T : unmanaged;

    /// <summary>Adds one band to a part of a partial sum.</summary>
    protected abstract void AddBand<T>(Band band, int part, T* gy, T* packedInput, T* packedGradient, T* partial)
        where T : unmanaged;

    /// <summary>Packs the input rows that a band reads.</summary>
    protected virtual void PackInput<T>(Band band, T* image, T* target)
        where T : unmanaged => Packing.Pack(image, band.Slice, band.FirstRow, band.Rows, target);

    /// <summary>Adds a run's rows of a partial sum to gw.</summary>
    protected abstract void AddPartial<T>(int run, T* partial, T* gw, bool overwrite)
        where T : unmanaged, INumber<T>;

    /// <summary>
    /// Where a tap's inputs begin for each output row of the band that reads the image, beside those rows of gy.
    /// </summary>
    /// <param name="band">Rows.</param>
    /// <param name="tap">The tap, the first of a run of neighbours.</param>
    /// <param name="positionElements">Elements of a packed input position.</param>
    /// <param name="gradientRowElements">Elements of a row of gy.</param>
    /// <param name="segments">Room for a segment per row.</param>
    /// <returns>The number of segments: A is the packed input, B the gradient.</returns>
    protected int FillSegments(Band band, Tap tap, int positionElements, int gradientRowElements, Segment* segments)
    {
        int count = 0;
        for (int row = 0; row < band.Rows; row++)
        {
            if (!Packing.Reads(tap, band.Slice, band.FirstRow + row))
                continue;
            long packedRow =
                ((long)Packing.SliceOf(tap) * Packing.RowsFor(band.Rows))
                + Packing.RowOf(tap)
                + ((long)row * Problem.Stride.Height);
            long input = ((packedRow * Packing.Columns) + Packing.ColumnOf(tap)) * positionElements;
            segments[count++] = new Segment(
                (nint)(input * Shape.ElementBytes),
                (nint)((long)row * gradientRowElements * Shape.ElementBytes)
            );
        }

        return count;
    }

    /// <summary>
    /// Enough units for many threads where there is much to compute. Each part of the columns packs the input again, each partial
    /// sum is cleared and added:
    /// the split that moves least.
    /// </summary>
    private (int ColumnParts, int PartialSums) Share(int panels)
    {
        int units = (int)Math.Clamp(Problem.FlopsWithinImage / UnitFlops, FewestUnits, MostUnits),
            images = Problem.Batch * Problem.Output.Depth * bands;
        double packed = (double)images * BandPositions * Problem.InputChannels;
        return Enumerable
            .Range(1, Math.Min(panels, MostUnits))
            .Where(parts => panels % parts == 0 || parts == MostUnits)
            .Select(parts => (Parts: parts, Sums: Math.Min((units + parts - 1) / parts, images)))
            .MinBy(split =>
                (split.Parts * PackingCost * packed) + ((double)split.Sums * PartialCost * Problem.WeightShape.Count)
            );
    }

    private void RunBand<T>(int image, int index, int part, T* x, T* gy, T* partial, T* scratch)
        where T : unmanaged, INumber<T>
    {
        (int sample, int slice) = (image / Problem.Output.Depth, image % Problem.Output.Depth);
        int firstRow = index * bandRows;
        var band = new Band(slice, firstRow, Math.Min(bandRows, Problem.Output.Height - firstRow));
        PackInput(band, x + ((long)sample * Problem.Input.Count * Problem.InputChannels), scratch);
        T* gradient = gy + ((((long)image * Problem.Output.Height) + firstRow) * Problem.Output.Width * Problem.OutputChannels);
        AddBand(band, part, gradient, scratch, scratch + BandElements + (2 * Shape.Lanes), partial);
    }

    /// <summary>Neighbouring output rows.</summary>
    protected readonly record struct Band(int Slice, int FirstRow, int Rows);
}
