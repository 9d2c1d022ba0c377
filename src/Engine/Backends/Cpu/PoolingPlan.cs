namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>What all windows of a pooling share, computed once: the problem's properties compute at every access.</summary>
internal sealed class PoolingPlan
{
    public PoolingPlan(PoolingProblem problem)
    {
        (Window, Stride, Input, Output, PadBefore, Channels) = (
            problem.Window,
            problem.Stride,
            problem.Input,
            problem.Output,
            problem.PadBefore,
            problem.Channels
        );
        TapOffsets = new long[Window.Count];
        for (int tap = 0; tap < TapOffsets.Length; tap++)
        {
            (int depth, int row, int column) = TapPosition(tap);
            TapOffsets[tap] = (((((long)depth * Input.Height) + row) * Input.Width) + column) * Channels;
        }
    }

    public Size3 Window { get; }

    public Size3 Stride { get; }

    public Size3 Input { get; }

    public Size3 Output { get; }

    public Size3 PadBefore { get; }

    public int Channels { get; }

    /// <summary>Elements from a window's first tap to each tap.</summary>
    public long[] TapOffsets { get; }

    /// <summary>Where a tap lies within the window.</summary>
    public (int Depth, int Row, int Column) TapPosition(int tap)
    {
        (int line, int column) = Math.DivRem(tap, Window.Width);
        (int depth, int row) = Math.DivRem(line, Window.Height);
        return (depth, row, column);
    }
}
