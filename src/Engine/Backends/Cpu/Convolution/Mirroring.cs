using System.Numerics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>The adjoint of symmetric padding.</summary>
internal static unsafe class Mirroring
{
    /// <summary>gx = the gradient of an image, from that of its padded copy.</summary>
    public static void Fold<T>(ConvolutionProblem problem, T* padded, T* gx)
        where T : unmanaged, INumber<T>
    {
        Size3 size = Size3.Map(a => problem.Input[a] + problem.PadBefore[a] + problem.PadAfter[a]);

        // Inner rows first: they are copied, and what the border rows mirror is then added to them.
        ForEachRow(problem, padded, gx, size, inner: true);
        ForEachRow(problem, padded, gx, size, inner: false);
    }

    private static void ForEachRow<T>(ConvolutionProblem problem, T* padded, T* gx, Size3 size, bool inner)
        where T : unmanaged, INumber<T>
    {
        long rowElements = (long)size.Width * problem.InputChannels;
        for (int sample = 0; sample < problem.Batch; sample++)
        {
            for (int depth = 0; depth < size.Depth; depth++)
            {
                for (int height = 0; height < size.Height; height++, padded += rowElements)
                {
                    bool isInner = IsInner(problem, 0, depth) && IsInner(problem, 1, height);
                    if (isInner != inner)
                        continue;
                    long row = (((long)sample * problem.Input.Depth) + Source(problem, 0, depth)) * problem.Input.Height;
                    row = (row + Source(problem, 1, height)) * problem.Input.Width;
                    FoldRow(problem, size.Width, padded, gx + (row * problem.InputChannels), overwrite: inner);
                }
            }
        }
    }

    private static void FoldRow<T>(ConvolutionProblem problem, int width, T* padded, T* row, bool overwrite)
        where T : unmanaged, INumber<T>
    {
        int channels = problem.InputChannels,
            before = problem.PadBefore.Width,
            inside = problem.Input.Width * channels;
        T* middle = padded + ((long)before * channels);
        if (overwrite)
            new ReadOnlySpan<T>(middle, inside).CopyTo(new Span<T>(row, inside));
        else
            Add(middle, row, inside);
        for (int column = 0; column < width; column++)
        {
            if (!IsInner(problem, 2, column))
                Add(padded + ((long)column * channels), row + ((long)Source(problem, 2, column) * channels), channels);
        }
    }

    private static void Add<T>(T* values, T* target, int count)
        where T : unmanaged, INumber<T>
    {
        for (int i = 0; i < count; i++)
            target[i] += values[i];
    }

    private static bool IsInner(ConvolutionProblem problem, int axis, int paddedIndex) =>
        (uint)(paddedIndex - problem.PadBefore[axis]) < (uint)problem.Input[axis];

    private static int Source(ConvolutionProblem problem, int axis, int paddedIndex) =>
        PaddingMode.Symmetric.Source(paddedIndex - problem.PadBefore[axis], problem.Input[axis]);
}
