using System.Numerics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// A <see cref="GatherProblem"/> with few output channels: vectors run over pixels of a planar copy of the band, and the weights
/// are broadcast.
/// Channels-last vectors would leave most of their lanes empty.
/// </summary>
internal sealed unsafe class PlanarConvolution : IDirectConvolution
{
    private const int BandBytes = 384 << 10;
    private const int FewestRows = 4;
    private const int FewestUnits = 16;

    private readonly GatherProblem problem;
    private readonly TapRun[] runs;
    private readonly BandPacking packing;
    private readonly MicroKernelShape shape;
    private readonly MicroKernel kernel;
    private readonly int tilePixels;
    private readonly int columnStride;
    private readonly int bandRows;
    private readonly int bands;

    public PlanarConvolution(GatherProblem problem, SimdLevel level, Type elementType)
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
        int lanes = level.Lanes(elementType);
        int vectors = VectorsPerTile(problem, level, lanes);
        tilePixels = vectors * lanes;
        shape = new MicroKernelShape(
            elementType,
            level.VectorBytes(),
            problem.OutputChannels,
            vectors,
            1,
            problem.OutputChannels,
            1,
            tilePixels
        );
        kernel = MicroKernelCache.Get(shape);

        // The last tile reads, and ignores, pixels beyond the row.
        columnStride = Math.Max(
            packing.Columns,
            (Tiles * tilePixels) + runs.Max(r => packing.ColumnOf(r.First)) + runs[0].Length
        );
        long rowBytes = (long)columnStride * problem.InputChannels * shape.ElementBytes * packing.DepthOffsets.Length;
        int forBalance = Math.Max(FewestRows, problem.Count.Height * problem.Batch * problem.Count.Depth / FewestUnits);
        bandRows = (int)Math.Clamp((BandBytes / rowBytes) - packing.RowSpan, FewestRows, forBalance);
        bandRows = Math.Min(bandRows, problem.Count.Height);
        bands = (problem.Count.Height + bandRows - 1) / bandRows;
    }

    /// <summary>Elements of packed weights.</summary>
    public long SharedScratch => (long)problem.Taps.Length * problem.InputChannels * problem.OutputChannels;

    /// <summary>Elements of scratch that each worker needs: its band, a result tile and the segment table.</summary>
    public long WorkerScratch => BandElements + TileElements + ((long)MostSegments * sizeof(Segment) / shape.ElementBytes);

    private int Tiles => (problem.Count.Width + tilePixels - 1) / tilePixels;

    private long BandElements =>
        RoundToVector((long)packing.DepthOffsets.Length * packing.RowsFor(bandRows) * problem.InputChannels * columnStride);

    private long TileElements => RoundToVector((long)problem.OutputChannels * tilePixels);

    private int MostSegments => runs.Length * problem.InputChannels;

    /// <summary>
    /// Whether this way wastes less than channels-last vectors: a single tap has too few products to pay for the planar copy.
    /// </summary>
    public static bool Suits(GatherProblem problem, SimdLevel level, Type elementType)
    {
        int lanes = level.Lanes(elementType);
        return problem.Taps.Length > 1
            && problem.InputStep.Width == 1
            && problem.OutputChannels <= lanes / 2
            && problem.Count.Width >= lanes;
    }

    public void Run<T>(CpuThreads threads, T* input, T* weights, T* bias, T* output, bool accumulate, T* packed, nint[] scratch)
        where T : unmanaged, INumber<T>
    {
        PackWeights(weights, packed);
        threads.Run(
            problem.Batch * problem.Count.Depth * bands,
            (unit, worker) =>
            {
                (int image, int band) = (unit / bands, unit % bands);
                RunBand(
                    image / problem.Count.Depth,
                    image % problem.Count.Depth,
                    band,
                    input,
                    packed,
                    bias,
                    output,
                    accumulate,
                    (T*)scratch[worker]
                );
            }
        );
    }

    /// <summary>As many vectors as the registers hold, but no more than make the tiles of a row equal.</summary>
    private static int VectorsPerTile(GatherProblem problem, SimdLevel level, int lanes)
    {
        int most = Math.Max(
            1,
            Math.Min(
                MicroKernelCache.MaximumAccumulators(level) / problem.OutputChannels,
                (MicroKernelCache.Registers(level) - 1) / (problem.OutputChannels + 1)
            )
        );
        int needed = (problem.Count.Width + lanes - 1) / lanes;
        int tiles = (needed + most - 1) / most;
        return (needed + tiles - 1) / tiles;
    }

    private static long RoundToVector(long elements) => (elements + 15) & ~15L;

    /// <summary>Order: run, input channel, tap of the run, output channel.</summary>
    private void PackWeights<T>(T* weights, T* packed)
        where T : unmanaged
    {
        (int inputs, int outputs) = (problem.InputChannels, problem.OutputChannels);
        foreach (TapRun run in runs)
        {
            for (int input = 0; input < inputs; input++)
            {
                foreach (int tap in run.Weights)
                {
                    for (int channel = 0; channel < outputs; channel++)
                    {
                        long within = problem.TransposedWeights
                            ? ((long)channel * inputs) + input
                            : ((long)input * outputs) + channel;
                        *packed++ = weights[((long)tap * inputs * outputs) + within];
                    }
                }
            }
        }
    }

    private void RunBand<T>(int sample, int slice, int band, T* input, T* packed, T* bias, T* output, bool accumulate, T* scratch)
        where T : unmanaged, INumber<T>
    {
        int firstRow = band * bandRows;
        int rows = Math.Min(bandRows, problem.Count.Height - firstRow);
        packing.PackPlanar(
            input + ((long)sample * problem.Input.Count * problem.InputChannels),
            slice,
            firstRow,
            rows,
            scratch,
            columnStride
        );

        T* tile = scratch + BandElements;
        var segments = (Segment*)(tile + TileElements);
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
        for (int row = 0; row < rows; row++)
        {
            int count = FillSegments(slice, firstRow, row, rows, segments);
            long targetRow = problem.Start.Height + ((long)(firstRow + row) * problem.OutputStep.Height);
            T* result = target + (((targetRow * problem.Output.Width) + problem.Start.Width) * problem.OutputChannels);
            for (int pixel = 0; pixel < problem.Count.Width; pixel += tilePixels)
            {
                if (count == 0)
                    new Span<T>(tile, (int)TileElements).Clear();
                else
                    kernel((byte*)packed, (byte*)(scratch + pixel), (byte*)tile, segments, count, runs[0].Length, 0);
                StoreTile(
                    tile,
                    Math.Min(tilePixels, problem.Count.Width - pixel),
                    bias,
                    accumulate,
                    result + ((long)pixel * problem.OutputStep.Width * problem.OutputChannels)
                );
            }
        }
    }

    private int FillSegments(int slice, int firstRow, int row, int rows, Segment* segments)
    {
        int count = 0;
        for (int i = 0; i < runs.Length; i++)
        {
            Tap tap = runs[i].First;
            if (!packing.Reads(tap, slice, firstRow + row))
                continue;
            long packedRow =
                ((long)packing.SliceOf(tap) * packing.RowsFor(rows))
                + packing.RowOf(tap)
                + ((long)row * problem.InputStep.Height);
            for (int channel = 0; channel < problem.InputChannels; channel++)
            {
                long weight = (((long)i * problem.InputChannels) + channel) * runs[0].Length * problem.OutputChannels;
                long pixel = (((packedRow * problem.InputChannels) + channel) * columnStride) + packing.ColumnOf(tap);
                segments[count++] = new Segment((nint)(weight * shape.ElementBytes), (nint)(pixel * shape.ElementBytes));
            }
        }

        return count;
    }

    private void StoreTile<T>(T* tile, int pixels, T* bias, bool accumulate, T* result)
        where T : unmanaged, INumber<T>
    {
        for (int channel = 0; channel < problem.OutputChannels; channel++)
        {
            T* source = tile + ((long)channel * tilePixels);
            T* target = result + channel;
            T offset = bias == null ? T.Zero : bias[channel];
            for (int pixel = 0; pixel < pixels; pixel++, target += (long)problem.OutputStep.Width * problem.OutputChannels)
                *target = accumulate ? *target + source[pixel] + offset : source[pixel] + offset;
        }
    }
}
