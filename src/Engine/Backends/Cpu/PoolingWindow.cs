namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The elements under one output position of a pooling, clipped at the border of the image. Taps count depth-major.
/// </summary>
internal readonly struct PoolingWindow
{
    private readonly PoolingPlan plan;
    private readonly int depthOrigin,
        rowOrigin,
        columnOrigin;
    private readonly long inputOffset;

    public PoolingWindow(PoolingPlan plan, int sample, int depth, int row, int column)
    {
        this.plan = plan;
        (Size3 stride, Size3 before, Size3 input, Size3 output) = (plan.Stride, plan.PadBefore, plan.Input, plan.Output);
        depthOrigin = (depth * stride.Depth) - before.Depth;
        rowOrigin = (row * stride.Height) - before.Height;
        columnOrigin = (column * stride.Width) - before.Width;
        inputOffset =
            (((long)sample * input.Count) + (((((long)depthOrigin * input.Height) + rowOrigin) * input.Width) + columnOrigin))
            * plan.Channels;
        OutputOffset =
            (((((((long)sample * output.Depth) + depth) * output.Height) + row) * output.Width) + column) * plan.Channels;
        Size3 window = plan.Window;
        IsInside =
            (depthOrigin | rowOrigin | columnOrigin) >= 0
            && depthOrigin + window.Depth <= input.Depth
            && rowOrigin + window.Height <= input.Height
            && columnOrigin + window.Width <= input.Width;
    }

    public long OutputOffset { get; }

    /// <summary>Whether nothing is clipped.</summary>
    public bool IsInside { get; }

    public int Taps => plan.TapOffsets.Length;

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
    public int Count
    {
        get
        {
            (Size3 window, Size3 input) = (plan.Window, plan.Input);
            return Inside(depthOrigin, window.Depth, input.Depth)
                * Inside(rowOrigin, window.Height, input.Height)
                * Inside(columnOrigin, window.Width, input.Width);
        }
    }

    public bool Holds(int tap)
    {
        if (IsInside)
            return true;
        (int d, int h, int w) = plan.TapPosition(tap);
        Size3 input = plan.Input;
        return (uint)(depthOrigin + d) < (uint)input.Depth
            && (uint)(rowOrigin + h) < (uint)input.Height
            && (uint)(columnOrigin + w) < (uint)input.Width;
    }

    public long InputOffset(int tap) => inputOffset + plan.TapOffsets[tap];

    private static int Inside(int origin, int extent, int image) => Math.Min(origin + extent, image) - Math.Max(origin, 0);
}
