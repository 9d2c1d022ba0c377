using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Layers;

/// <summary>
/// A convolution with output ceil(input / stride), unless it is told how much to read beyond the border; shared by all modalities
/// or with kernels for each (see <see cref="ParameterSharing"/>).
/// </summary>
public sealed class Conv
{
    private readonly ModalityKernels kernels;
    private readonly Size3 stride;
    private readonly Size3 dilation;
    private readonly PaddingMode padding;
    private readonly Size3? border;
    private readonly bool storesActivation;

    /// <param name="store">Gets the parameters.</param>
    /// <param name="name">Path of the layer, which begins the names of its parameters.</param>
    /// <param name="inputChannels">Channels of the input.</param>
    /// <param name="outputChannels">Channels of the result.</param>
    /// <param name="size">Of the kernel; its shape is (depth, height, width, input channels, output channels).</param>
    /// <param name="initializer">First values of the kernel; the bias starts at zero.</param>
    /// <param name="stride">Steps between outputs; 1 if not given.</param>
    /// <param name="dilation">Steps between taps; 1 if not given.</param>
    /// <param name="padding">What is read outside of the input.</param>
    /// <param name="hasBias">Whether a bias per output channel is added.</param>
    /// <param name="storesActivation">Whether the result is stored as <see cref="Backend.ActivationType"/> says: right where only
    /// normalizations read it, or a residual sum as its branch.</param>
    /// <param name="border">Elements read before the first and after the last of each axis, as PyTorch's padding; what makes the
    /// output ceil(input / stride) if not given. The two differ where a stride leaves an odd number of them.</param>
    public Conv(
        ParameterStore store,
        string name,
        int inputChannels,
        int outputChannels,
        Size3 size,
        Initializer initializer,
        Size3? stride = null,
        Size3? dilation = null,
        PaddingMode padding = PaddingMode.Zero,
        bool hasBias = false,
        bool storesActivation = false,
        Size3? border = null
    )
    {
        (this.storesActivation, this.border) = (storesActivation, border);
        this.stride = stride ?? Size3.One;
        this.dilation = dilation ?? Size3.One;
        this.padding = padding;
        kernels = new ModalityKernels(
            store,
            name,
            new Shape(size.Depth, size.Height, size.Width, inputChannels, outputChannels),
            initializer,
            hasBias ? outputChannels : 0
        );
    }

    /// <param name="context">The pass.</param>
    /// <param name="x">(N, D, H, W, input channels).</param>
    public Variable Forward(ForwardContext context, Variable x) =>
        kernels.Apply(
            context,
            x,
            (samples, kernel, bias) =>
                context.Tape.Convolve(Problem(samples.Shape), samples, kernel, bias, ResultType(context, kernel))
        );

    /// <summary>The convolution of a normalized input, which is never stored.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="input">How x is normalized (see <see cref="ModalityNorm.Prepare"/>).</param>
    /// <param name="x">(N, D, H, W, input channels).</param>
    /// <param name="statistics">Receives the statistics of the result, if given.</param>
    public Variable Forward(ForwardContext context, NormalizedInput input, Variable x, OutputStatistics? statistics = null) =>
        Forward(context, [new ConvolutionPart(x, input)], statistics);

    /// <summary>The convolution of several inputs side by side, each with its normalization; neither is stored.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="parts">Inputs (N, D, H, W, ...) whose channels add up to the convolution's.</param>
    /// <param name="statistics">Receives the statistics of the result, if given.</param>
    public Variable Forward(ForwardContext context, IReadOnlyList<ConvolutionPart> parts, OutputStatistics? statistics = null)
    {
        if (kernels.ForAll(context) is var (kernel, bias))
            return context.Tape.ConvolveNormalized(
                ProblemOf(parts[0].X.Shape),
                parts,
                kernel,
                bias,
                statistics,
                ResultType(context, kernel)
            );

        Variable x = Materialize(context, parts);
        Variable y = Forward(context, x);
        if (x != parts[0].X)
            Tape.Release(x);
        if (statistics is not null)
            context.Tape.Backend.NormalizationStatistics(statistics.Problem, y.Value, statistics.Mean, statistics.Variance);
        return y;
    }

    /// <summary>Shape of the result for an input of that shape, of which a part's channels may be given.</summary>
    public Shape OutputShape(Shape input) => ProblemOf(input).OutputShape;

    /// <summary>The parts normalized and side by side, for kernels that cannot read them all at once.</summary>
    private static Variable Materialize(ForwardContext context, IReadOnlyList<ConvolutionPart> parts)
    {
        Tape tape = context.Tape;
        Variable[] read = [.. parts.Select(part => part.Input is { } input ? tape.Normalize(input, part.X) : part.X)];
        if (read.Length == 1)
            return read[0];
        Variable joined = tape.Concat(^1, read);
        foreach ((Variable variable, ConvolutionPart part) in read.Zip(parts))
        {
            if (variable != part.X)
                Tape.Release(variable);
        }

        return joined;
    }

    private DType ResultType(ForwardContext context, Variable kernel) =>
        storesActivation ? context.Tape.Backend.ActivationType(kernel.DType) : kernel.DType;

    private ConvolutionProblem ProblemOf(Shape part) => Problem(part.With(^1, kernels.Shape[3]));

    private ConvolutionProblem Problem(Shape input) =>
        border is { } pads
            ? ConvolutionProblem.Valid(input, kernels.Shape, stride, dilation) with
            {
                Padding = padding,
                PadBefore = pads,
                PadAfter = pads,
            }
            : ConvolutionProblem.Same(input, kernels.Shape, stride, dilation, padding);
}
