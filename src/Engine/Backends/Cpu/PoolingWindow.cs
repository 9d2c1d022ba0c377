namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>The elements under one output position of a pooling, clipped at the border of the image. Taps count depth-major.</summary>
internal readonly struct PoolingWindow
{
    private readonly int height, width;
    private readonly int depthOrigin, rowOrigin, columnOrigin;
    private readonly int inputDepth, inputHeight, inputWidth, channels;
    private readonly long sampleOffset;

    public PoolingWindow(PoolingProblem problem, int sample, int depth, int row, int column)
    {
        Size3 window = problem.Window, stride = problem.Stride, output = problem.Output, before = problem.PadBefore, input = problem.Input;
        (height, width, Taps, channels) = (window.Height, window.Width, window.Count, problem.Channels);
        (inputDepth, inputHeight, inputWidth) = (input.Depth, input.Height, input.Width);
        depthOrigin = (depth * stride.Depth) - before.Depth;
        rowOrigin = (row * stride.Height) - before.Height;
        columnOrigin = (column * stride.Width) - before.Width;
        sampleOffset = (long)sample * input.Count;
        OutputOffset = ((((((long)sample * output.Depth) + depth) * output.Height) + row) * output.Width + column) * channels;
    }

    public long OutputOffset { get; }

    public int Taps { get; }

    /// <summary>The first tap inside the image; every window has one.</summary>
    public int FirstTap
    {
        get
        {
            int tap = 0;
            while (!Holds(tap))
                tap++;
            return tap;
        }
    }

    /// <summary>Taps inside the image.</summary>
    public int Count => Inside(depthOrigin, Taps / (height * width), inputDepth) * Inside(rowOrigin, height, inputHeight) * Inside(columnOrigin, width, inputWidth);

    public bool Holds(int tap)
    {
        (int d, int h, int w) = Position(tap);
        return (uint)d < (uint)inputDepth && (uint)h < (uint)inputHeight && (uint)w < (uint)inputWidth;
    }

    public long InputOffset(int tap)
    {
        (int d, int h, int w) = Position(tap);
        return (sampleOffset + ((((long)d * inputHeight) + h) * inputWidth) + w) * channels;
    }

    private static int Inside(int origin, int extent, int image) => Math.Min(origin + extent, image) - Math.Max(origin, 0);

    private (int Depth, int Row, int Column) Position(int tap)
    {
        (int line, int column) = Math.DivRem(tap, width);
        (int depth, int row) = Math.DivRem(line, height);
        return (depthOrigin + depth, rowOrigin + row, columnOrigin + column);
    }
}
