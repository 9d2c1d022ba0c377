namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The weight gradient for few output channels: tile rows are output channels, broadcast from gy, and vectors run over the taps
/// and input
/// channels of a kernel row, which lie side by side in the packed input.
/// </summary>
internal sealed unsafe class WeightGradientByInputChannel : WeightGradient
{
    private readonly int paddedRows;
    private readonly int mostVectors;
    private readonly MicroKernel?[] kernels;

    public WeightGradientByInputChannel(ConvolutionProblem problem, SimdLevel level, Type elementType)
        : base(problem, level, elementType, panels: 1, problem.InputChannels)
    {
        paddedRows = (RunRows + Shape.Lanes - 1) / Shape.Lanes * Shape.Lanes;
        mostVectors = Math.Max(
            1,
            Math.Min(
                MicroKernelCache.MaximumAccumulators(level) / problem.OutputChannels,
                (MicroKernelCache.Registers(level) - 1) / (problem.OutputChannels + 1)
            )
        );
        kernels = new MicroKernel?[mostVectors + 1];
    }

    protected override long PartialElements => (long)Runs.Length * Problem.OutputChannels * paddedRows;

    /// <summary>Whether this way wastes less than vectors over output channels.</summary>
    public static bool Suits(ConvolutionProblem problem, SimdLevel level, Type elementType) =>
        problem.OutputChannels <= level.Lanes(elementType) / 2;

    protected override void Clear<T>(int part, T* partial) => new Span<T>(partial, (int)PartialElements).Clear();

    protected override void AddBand<T>(Band band, int part, T* gy, T* packedInput, T* packedGradient, T* partial)
    {
        Segment* segments = stackalloc Segment[band.Rows];
        int vectors = paddedRows / Shape.Lanes;
        int tiles = (vectors + mostVectors - 1) / mostVectors;
        for (int run = 0; run < Runs.Length; run++)
        {
            int count = FillSegments(
                band,
                Runs[run].First,
                Problem.InputChannels,
                Problem.Output.Width * Problem.OutputChannels,
                segments
            );
            for (int i = 0; i < count; i++)
                segments[i] = new Segment(segments[i].OffsetB, segments[i].OffsetA);
            int first = 0;
            for (int tile = 0; tile < tiles && count > 0; tile++)
            {
                int width = (vectors + tile) / tiles;
                T* result = partial + ((long)run * Problem.OutputChannels * paddedRows) + (first * Shape.Lanes);
                Kernel(width)(
                    (byte*)gy,
                    (byte*)(packedInput + (first * Shape.Lanes)),
                    (byte*)result,
                    segments,
                    count,
                    Problem.Output.Width,
                    1
                );
                first += width;
            }
        }
    }

    protected override void AddPartial<T>(int run, T* partial, T* gw, bool overwrite)
    {
        for (int channel = 0; channel < Problem.OutputChannels; channel++)
        {
            T* source = partial + ((((long)run * Problem.OutputChannels) + channel) * paddedRows);
            T* target = gw + ((long)Runs[run].Weights[0] * Problem.InputChannels * Problem.OutputChannels) + channel;
            for (int row = 0; row < RunRows; row++, target += Problem.OutputChannels)
                *target = overwrite ? source[row] : *target + source[row];
        }
    }

    private MicroKernel Kernel(int vectors) =>
        kernels[vectors] ??= MicroKernelCache.Get(
            Shape with
            {
                Rows = Problem.OutputChannels,
                Vectors = vectors,
                RowStride = 1,
                StepA = Problem.OutputChannels,
                StepB = Problem.Stride.Width * Problem.InputChannels,
                RowStrideC = paddedRows,
            }
        );
}
