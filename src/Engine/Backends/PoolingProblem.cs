using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// Sizes of a pooling over (N, D, H, W, C): output ceil(input / stride) as TensorFlow's SAME; windows are clipped at the border,
/// and an average counts only the elements inside.
/// </summary>
public sealed record PoolingProblem(Shape InputShape, Size3 Window, Size3 Stride)
{
    /// <summary>Number of samples.</summary>
    public int Batch => InputShape[0];

    /// <summary>(depth, height, width) of the input.</summary>
    public Size3 Input => new(InputShape[1], InputShape[2], InputShape[3]);

    /// <summary>Channels of input and output.</summary>
    public int Channels => InputShape[4];

    /// <summary>(depth, height, width) of the result.</summary>
    public Size3 Output => Size3.Map(a => (Input[a] + Stride[a] - 1) / Stride[a]);

    /// <summary>Elements missing before the first; the odd one of an uneven padding goes after.</summary>
    public Size3 PadBefore => Size3.Map(a => Math.Max(((Output[a] - 1) * Stride[a]) + Window[a] - Input[a], 0) / 2);

    /// <summary>(batch, depth, height, width, channels) of the result.</summary>
    public Shape OutputShape => new(Batch, Output.Depth, Output.Height, Output.Width, Channels);

    /// <exception cref="ArgumentException">The window or stride is out of range.</exception>
    public PoolingProblem Validate()
    {
        if (InputShape.Rank != 5)
            throw new ArgumentException($"pooling input {InputShape} must be (batch, depth, height, width, channels)");
        for (int a = 0; a < 3; a++)
        {
            if (Window[a] < 1 || Stride[a] < 1 || Stride[a] > Window[a])
                throw new ArgumentException(
                    $"pooling window {Window} with stride {Stride}: both must be at least 1 and the stride no larger than "
                        + "the window"
                );
        }

        if (Window.Count > 255)
            throw new ArgumentException($"pooling window {Window} has more than 255 elements");
        return this;
    }
}
