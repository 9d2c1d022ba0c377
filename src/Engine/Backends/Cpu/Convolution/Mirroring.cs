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
        new Span<T>(gx, checked((int)problem.InputShape.Count)).Clear();
        for (int sample = 0; sample < problem.Batch; sample++)
        {
            for (int depth = 0; depth < size.Depth; depth++)
            {
                for (int height = 0; height < size.Height; height++)
                {
                    long targetRow = (((long)sample * problem.Input.Depth) + Source(problem, 0, depth)) * problem.Input.Height;
                    targetRow = (targetRow + Source(problem, 1, height)) * problem.Input.Width;
                    FoldRow(problem, size.Width, padded, gx + (targetRow * problem.InputChannels));
                    padded += (long)size.Width * problem.InputChannels;
                }
            }
        }
    }

    private static void FoldRow<T>(ConvolutionProblem problem, int width, T* padded, T* row)
        where T : unmanaged, INumber<T>
    {
        int channels = problem.InputChannels;
        for (int column = 0; column < width; column++)
        {
            T* target = row + ((long)Source(problem, 2, column) * channels);
            for (int channel = 0; channel < channels; channel++)
                target[channel] += *padded++;
        }
    }

    private static int Source(ConvolutionProblem problem, int axis, int paddedIndex)
    {
        int index = paddedIndex - problem.PadBefore[axis];
        int extent = problem.Input[axis];
        return index < 0 ? -1 - index : index >= extent ? (2 * extent) - 1 - index : index;
    }
}
