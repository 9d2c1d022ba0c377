using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>What a convolution reads beyond the border of its input.</summary>
public enum PaddingMode
{
    /// <summary>Zeros.</summary>
    Zero,

    /// <summary>The mirror image that repeats the border element: ...b a | a b c... (TensorFlow's SYMMETRIC).</summary>
    Symmetric,
}

/// <summary>
/// Sizes of one convolution (correlation, as in every deep-learning library):
/// y[n, o, k] = sum over taps t and channels c of x[n, o * stride + t * dilation - padBefore, c] * w[t, c, k].
/// The one place where output sizes are computed and bad shapes are refused. 2D is 3D with depth 1.
/// Input (N, D, H, W, C), weights (kd, kh, kw, C, K), output (N, D', H', W', K).
/// </summary>
public sealed record ConvolutionProblem
{
    /// <summary>N.</summary>
    public required int Batch { get; init; }

    /// <summary>C.</summary>
    public required int InputChannels { get; init; }

    /// <summary>K.</summary>
    public required int OutputChannels { get; init; }

    /// <summary>(D, H, W).</summary>
    public required Size3 Input { get; init; }

    /// <summary>(kd, kh, kw).</summary>
    public required Size3 Kernel { get; init; }

    /// <summary>Steps between outputs.</summary>
    public Size3 Stride { get; init; } = Size3.One;

    /// <summary>Steps between taps.</summary>
    public Size3 Dilation { get; init; } = Size3.One;

    /// <summary>Elements read before the first of each axis.</summary>
    public Size3 PadBefore { get; init; } = Size3.Zero;

    /// <summary>Elements read after the last of each axis.</summary>
    public Size3 PadAfter { get; init; } = Size3.Zero;

    /// <summary>What those elements are.</summary>
    public PaddingMode Padding { get; init; } = PaddingMode.Zero;

    /// <summary>Extent that a kernel covers with its dilation: dilation * (k - 1) + 1.</summary>
    public Size3 Reach =>
        new(
            (Dilation.Depth * (Kernel.Depth - 1)) + 1,
            (Dilation.Height * (Kernel.Height - 1)) + 1,
            (Dilation.Width * (Kernel.Width - 1)) + 1
        );

    /// <summary>floor((input + pads - reach) / stride) + 1 along each axis.</summary>
    public Size3 Output =>
        new(
            ((Input.Depth + PadBefore.Depth + PadAfter.Depth - Reach.Depth) / Stride.Depth) + 1,
            ((Input.Height + PadBefore.Height + PadAfter.Height - Reach.Height) / Stride.Height) + 1,
            ((Input.Width + PadBefore.Width + PadAfter.Width - Reach.Width) / Stride.Width) + 1
        );

    /// <summary>(N, D, H, W, C).</summary>
    public Shape InputShape => new(Batch, Input.Depth, Input.Height, Input.Width, InputChannels);

    /// <summary>(N, D', H', W', K).</summary>
    public Shape OutputShape => new(Batch, Output.Depth, Output.Height, Output.Width, OutputChannels);

    /// <summary>(kd, kh, kw, C, K).</summary>
    public Shape WeightShape => new(Kernel.Depth, Kernel.Height, Kernel.Width, InputChannels, OutputChannels);

    /// <summary>Multiplications and additions of one pass, taps in the padding counted.</summary>
    public double Flops => 2.0 * Batch * Output.Count * Kernel.Count * InputChannels * OutputChannels;

    /// <summary>
    /// As <see cref="Flops"/>, without the taps that read zeros beyond the border: what has to be computed at least.
    /// </summary>
    public double FlopsWithinImage =>
        Padding == PaddingMode.Symmetric
            ? Flops
            : 2.0 * Batch * InputChannels * OutputChannels * TapsWithinImage(0) * TapsWithinImage(1) * TapsWithinImage(2);

    /// <summary>
    /// A convolution of <paramref name="input"/> by <paramref name="weights"/> whose output is ceil(input / stride) (TensorFlow's
    /// SAME);
    /// the odd element of padding goes after.
    /// </summary>
    public static ConvolutionProblem Same(
        Shape input,
        Shape weights,
        Size3? stride = null,
        Size3? dilation = null,
        PaddingMode padding = PaddingMode.Zero
    )
    {
        var problem = Valid(input, weights, stride, dilation) with { Padding = padding };
        Size3 total = Size3.Map(a =>
            Math.Max(
                ((CeilingDivide(problem.Input[a], problem.Stride[a]) - 1) * problem.Stride[a])
                    + problem.Reach[a]
                    - problem.Input[a],
                0
            )
        );
        return problem with { PadBefore = Size3.Map(a => total[a] / 2), PadAfter = Size3.Map(a => total[a] - (total[a] / 2)) };
    }

    /// <summary>A convolution without padding.</summary>
    /// <exception cref="ArgumentException">The shapes don't fit; the message names both. (The border is checked by
    /// <see cref="Validate"/>.)</exception>
    public static ConvolutionProblem Valid(Shape input, Shape weights, Size3? stride = null, Size3? dilation = null)
    {
        if (input.Rank != 5)
            throw new ArgumentException($"convolution input {input} must be (batch, depth, height, width, channels)");
        if (weights.Rank != 5)
            throw new ArgumentException(
                $"convolution weights {weights} must be (depth, height, width, input channels, output channels)"
            );
        if (input[4] != weights[3])
            throw new ArgumentException(
                $"convolution input {input} has {input[4]} channels but weights {weights} expect {weights[3]}"
            );
        return new ConvolutionProblem
        {
            Batch = input[0],
            Input = new Size3(input[1], input[2], input[3]),
            InputChannels = input[4],
            OutputChannels = weights[4],
            Kernel = new Size3(weights[0], weights[1], weights[2]),
            Stride = stride ?? Size3.One,
            Dilation = dilation ?? Size3.One,
        };
    }

    /// <summary>Refuses sizes that no convolution has.</summary>
    /// <returns>This problem.</returns>
    /// <exception cref="ArgumentException">A field is out of range; the message names it.</exception>
    public ConvolutionProblem Validate()
    {
        for (int a = 0; a < 3; a++)
        {
            if (Kernel[a] < 1 || Stride[a] < 1 || Dilation[a] < 1 || PadBefore[a] < 0 || PadAfter[a] < 0)
                throw new ArgumentException(
                    $"convolution {this} needs kernel, stride and dilation of at least 1 and paddings of at least 0"
                );
            if (Input[a] + PadBefore[a] + PadAfter[a] < Reach[a])
                throw new ArgumentException(
                    $"convolution {this}: kernel reach {Reach} is larger than the padded input; use a larger image or a "
                        + "smaller dilation"
                );
            if (Padding == PaddingMode.Symmetric && Math.Max(PadBefore[a], PadAfter[a]) > Input[a])
                throw new ArgumentException($"convolution {this}: symmetric padding cannot exceed the image extent");
        }

        return this;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"n{Batch} c{InputChannels} k{OutputChannels} in{Input} kernel{Kernel} stride{Stride} dilation{Dilation} "
        + $"pad{PadBefore}/{PadAfter} {Padding}";

    /// <summary>Pairs of output positions and taps along an axis that read the image.</summary>
    private double TapsWithinImage(int axis)
    {
        long count = 0;
        for (int tap = 0; tap < Kernel[axis]; tap++)
        {
            for (int o = 0; o < Output[axis]; o++)
            {
                int position = (o * Stride[axis]) + (tap * Dilation[axis]) - PadBefore[axis];
                count += position >= 0 && position < Input[axis] ? 1 : 0;
            }
        }

        return count;
    }

    private static int CeilingDivide(int a, int b) => (a + b - 1) / b;
}
