using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Layers;

/// <summary>A convolution with output ceil(input / stride), shared by all modalities.</summary>
public sealed class Conv
{
    private readonly Parameter kernel;
    private readonly Parameter? bias;
    private readonly Size3 stride;
    private readonly Size3 dilation;
    private readonly PaddingMode padding;

    public Conv(
        ParameterStore store, string name, int inputChannels, int outputChannels, Size3 size, Initializer initializer,
        Size3? stride = null, Size3? dilation = null, PaddingMode padding = PaddingMode.Zero, bool hasBias = false)
    {
        this.stride = stride ?? Size3.One;
        this.dilation = dilation ?? Size3.One;
        this.padding = padding;
        kernel = store.Create(
            $"{name}.kernel", new Shape(size.Depth, size.Height, size.Width, inputChannels, outputChannels), ParameterKind.Kernel, initializer);
        bias = hasBias ? store.Create($"{name}.bias", new Shape(outputChannels), ParameterKind.Bias, Initializer.Zeros) : null;
    }

    /// <param name="context">The pass.</param>
    /// <param name="x">(N, D, H, W, input channels).</param>
    public Variable Forward(ForwardContext context, Variable x) => context.Tape.Convolve(Problem(x.Shape), x, kernel.Variable, bias?.Variable);

    /// <summary>The convolution of a normalized input, which is never stored.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="input">How x is normalized (see <see cref="ModalityNorm.Prepare"/>).</param>
    /// <param name="x">(N, D, H, W, input channels).</param>
    /// <param name="statistics">Receives the statistics of the result, if given.</param>
    public Variable Forward(ForwardContext context, NormalizedInput input, Variable x, OutputStatistics? statistics = null)
        => Forward(context, [new ConvolutionPart(x, input)], statistics);

    /// <summary>The convolution of several inputs side by side, each with its normalization; neither is stored.</summary>
    /// <param name="context">The pass.</param>
    /// <param name="parts">Inputs (N, D, H, W, ...) whose channels add up to the convolution's.</param>
    /// <param name="statistics">Receives the statistics of the result, if given.</param>
    public Variable Forward(ForwardContext context, IReadOnlyList<ConvolutionPart> parts, OutputStatistics? statistics = null)
        => context.Tape.ConvolveNormalized(ProblemOf(parts[0].X.Shape), parts, kernel.Variable, bias?.Variable, statistics);

    /// <summary>Shape of the result for an input of that shape, of which a part's channels may be given.</summary>
    public Shape OutputShape(Shape input) => ProblemOf(input).OutputShape;

    private ConvolutionProblem ProblemOf(Shape part) => Problem(part.With(^1, kernel.Value.Shape[3]));

    private ConvolutionProblem Problem(Shape input) => ConvolutionProblem.Same(input, kernel.Value.Shape, stride, dilation, padding);
}
