namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>The elements under one output position of a pooling, clipped at the border of the image.</summary>
internal readonly struct PoolingWindow
{
    private readonly PoolingProblem problem;
    private readonly Size3 origin;
    private readonly int sample;

    public PoolingWindow(PoolingProblem problem, int sample, Size3 at)
    {
        this.problem = problem;
        this.sample = sample;
        origin = new Size3(Origin(problem, at, 0), Origin(problem, at, 1), Origin(problem, at, 2));
        Size3 input = problem.Input, window = problem.Window, output = problem.Output;
        Begin = new Size3(Math.Max(origin.Depth, 0), Math.Max(origin.Height, 0), Math.Max(origin.Width, 0));
        End = new Size3(
            Math.Min(origin.Depth + window.Depth, input.Depth),
            Math.Min(origin.Height + window.Height, input.Height),
            Math.Min(origin.Width + window.Width, input.Width));
        OutputOffset = ((((((long)sample * output.Depth) + at.Depth) * output.Height) + at.Height) * output.Width + at.Width) * problem.Channels;
    }

    public Size3 Begin { get; }

    public Size3 End { get; }

    public long OutputOffset { get; }

    public int Count => (End.Depth - Begin.Depth) * (End.Height - Begin.Height) * (End.Width - Begin.Width);

    public int Tap(int d, int h, int w)
        => ((((d - origin.Depth) * problem.Window.Height) + h - origin.Height) * problem.Window.Width) + w - origin.Width;

    public long InputOffset(int d, int h, int w)
        => (((((((long)sample * problem.Input.Depth) + d) * problem.Input.Height) + h) * problem.Input.Width) + w) * problem.Channels;

    public long InputOffset(int tap)
    {
        (int row, int w) = Math.DivRem(tap, problem.Window.Width);
        (int d, int h) = Math.DivRem(row, problem.Window.Height);
        return InputOffset(origin.Depth + d, origin.Height + h, origin.Width + w);
    }

    public IEnumerable<long> InputOffsets()
    {
        for (int d = Begin.Depth; d < End.Depth; d++)
        {
            for (int h = Begin.Height; h < End.Height; h++)
            {
                for (int w = Begin.Width; w < End.Width; w++)
                    yield return InputOffset(d, h, w);
            }
        }
    }

    private static int Origin(PoolingProblem problem, Size3 at, int axis) => (at[axis] * problem.Stride[axis]) - problem.PadBefore[axis];
}
