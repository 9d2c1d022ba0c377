namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// What each output element of a <see cref="GatherProblem"/> reads, side by side (im2col): a matrix of output elements x
/// (tap, input channel). Padding is filled in.
/// </summary>
internal sealed unsafe class WindowMatrix(GatherProblem problem)
{
    /// <summary>Output elements.</summary>
    public int Rows { get; } = problem.Batch * problem.Count.Count;

    /// <summary>Taps x input channels.</summary>
    public int Columns { get; } = problem.Taps.Length * problem.InputChannels;

    /// <summary>
    /// Distance of neighbouring rows: an odd number of cache lines, since rows a power of two apart would fight for a few sets
    /// of the cache.
    /// </summary>
    public int RowStride { get; } = (((problem.Taps.Length * problem.InputChannels) + 15) / 16 | 1) * 16;

    public long Elements => (long)Rows * RowStride;

    /// <param name="threads">Share the rows.</param>
    /// <param name="input">Channels-last input of all samples.</param>
    /// <param name="target">Room for <see cref="Elements"/>.</param>
    public void Fill<T>(CpuThreads threads, T* input, T* target)
        where T : unmanaged =>
        threads.Run(
            Rows,
            (row, _) =>
            {
                (int sample, Size3 position) = Position(row);
                T* image = input + ((long)sample * problem.Input.Count * problem.InputChannels),
                    window = target + ((long)row * RowStride);
                foreach (Tap tap in problem.Taps)
                {
                    CopyTap(image, position, tap, window);
                    window += problem.InputChannels;
                }
            }
        );

    /// <summary>Which sample and which element of the grid a row is.</summary>
    public (int Sample, Size3 Position) Position(int row)
    {
        Size3 count = problem.Count;
        return (
            row / count.Count,
            new Size3(row / (count.Height * count.Width) % count.Depth, row / count.Width % count.Height, row % count.Width)
        );
    }

    private void CopyTap<T>(T* image, Size3 position, Tap tap, T* target)
        where T : unmanaged
    {
        var to = new Span<T>(target, problem.InputChannels);
        int depth = Source(0, position, tap.Depth),
            height = Source(1, position, tap.Row),
            width = Source(2, position, tap.Column);
        if (depth < 0 || height < 0 || width < 0)
        {
            to.Clear();
            return;
        }

        long pixel = (((long)depth * problem.Input.Height) + height) * problem.Input.Width + width;
        new ReadOnlySpan<T>(image + (pixel * problem.InputChannels), problem.InputChannels).CopyTo(to);
    }

    private int Source(int axis, Size3 position, int tap) =>
        problem.Padding.Source((position[axis] * problem.InputStep[axis]) + tap, problem.Input[axis]);
}
