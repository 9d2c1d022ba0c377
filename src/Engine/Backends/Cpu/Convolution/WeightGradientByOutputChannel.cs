namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>The weight gradient with vectors over output channels: tile rows are input channels, broadcast.</summary>
internal sealed unsafe class WeightGradientByOutputChannel : WeightGradient
{
    private readonly WeightPanel[] panels;
    private readonly int paddedChannels;
    private readonly int mostAccumulators;
    private readonly MicroKernel?[,] kernels;

    public WeightGradientByOutputChannel(ConvolutionProblem problem, SimdLevel level, Type elementType)
        : this(problem, level, elementType, WeightPanel.Cut(problem.OutputChannels, LanesOf(level, elementType), 0))
    {
    }

    private WeightGradientByOutputChannel(ConvolutionProblem problem, SimdLevel level, Type elementType, WeightPanel[] panels)
        : base(problem, level, elementType, panels.Length)
    {
        this.panels = panels;
        paddedChannels = panels[^1].FirstChannel + panels[^1].Width;
        mostAccumulators = MicroKernelCache.MaximumAccumulators(level);
        kernels = new MicroKernel?[3, mostAccumulators + 1];
    }

    protected override long PartialElements => (long)Runs.Length * RunRows * paddedChannels;

    protected override long GradientRowElements => PacksGradient ? (long)Problem.Output.Width * paddedChannels : 0;

    /// <summary>Vectors may read gy in place only if they end with a pixel's channels.</summary>
    private bool PacksGradient => paddedChannels != Problem.OutputChannels;

    protected override void Clear<T>(int part, T* partial)
    {
        for (int i = part; i < panels.Length; i += ColumnParts)
        {
            for (long row = 0; row < (long)Runs.Length * RunRows; row++)
                new Span<T>(partial + (row * paddedChannels) + panels[i].FirstChannel, panels[i].Width).Clear();
        }
    }

    protected override void AddBand<T>(Band band, int part, T* gy, T* packedInput, T* packedGradient, T* partial)
    {
        if (PacksGradient)
        {
            PackGradient(band, gy, packedGradient);
            gy = packedGradient;
        }

        Segment* segments = stackalloc Segment[band.Rows];
        for (int i = part; i < panels.Length; i += ColumnParts)
        {
            for (int run = 0; run < Runs.Length; run++)
            {
                int count = FillSegments(band, Runs[run], Problem.Output.Width * paddedChannels, segments);
                if (count > 0)
                    AddRun(panels[i], segments, count, packedInput, gy, partial + ((long)run * RunRows * paddedChannels));
            }
        }
    }

    protected override void AddPartial<T>(int run, T* partial, T* gw, bool overwrite)
    {
        for (int row = 0; row < RunRows; row++)
        {
            T* source = partial + ((((long)run * RunRows) + row) * paddedChannels);
            T* target = gw + (((((long)Runs[run].Weights[0] * Problem.InputChannels) + row) * Problem.OutputChannels));
            for (int channel = 0; channel < Problem.OutputChannels; channel++)
                target[channel] = overwrite ? source[channel] : target[channel] + source[channel];
        }
    }

    private static int LanesOf(SimdLevel level, Type elementType) => level.VectorBytes() / (elementType == typeof(double) ? sizeof(double) : sizeof(float));

    private void AddRun<T>(WeightPanel panel, Segment* segments, int count, T* input, T* gradient, T* result)
        where T : unmanaged
    {
        int most = mostAccumulators / panel.Vectors;
        int tiles = (RunRows + most - 1) / most;
        int row = 0;
        for (int i = 0; i < tiles; i++)
        {
            int rows = (RunRows + i) / tiles;
            Kernel(rows, panel.Vectors)(
                (byte*)(input + row), (byte*)(gradient + panel.FirstChannel), (byte*)(result + ((long)row * paddedChannels) + panel.FirstChannel),
                segments, count, Problem.Output.Width, 1);
            row += rows;
        }
    }

    private void PackGradient<T>(Band band, T* gy, T* packed)
        where T : unmanaged
    {
        for (long pixel = 0; pixel < (long)band.Rows * Problem.Output.Width; pixel++)
        {
            new ReadOnlySpan<T>(gy + (pixel * Problem.OutputChannels), Problem.OutputChannels).CopyTo(new Span<T>(packed, Problem.OutputChannels));
            new Span<T>(packed + Problem.OutputChannels, paddedChannels - Problem.OutputChannels).Clear();
            packed += paddedChannels;
        }
    }

    private MicroKernel Kernel(int rows, int vectors) => kernels[vectors, rows] ??= MicroKernelCache.Get(Shape with
    {
        Rows = rows,
        Vectors = vectors,
        RowStride = 1,
        StepA = Problem.Stride.Width * Problem.InputChannels,
        StepB = paddedChannels,
        RowStrideC = paddedChannels,
    });
}
