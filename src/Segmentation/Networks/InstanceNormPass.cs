using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// A forward pass of a network that normalizes by instance, without scale and shift, before each leaky ReLU. Ulyanov et al. 2016,
/// arXiv:1607.08022.
/// </summary>
/// <param name="context">The pass.</param>
/// <param name="type">Of the network's parameters.</param>
/// <param name="epsilon">Added to the variance.</param>
/// <param name="slope">Of the leaky ReLU below zero.</param>
internal sealed class InstanceNormPass(ForwardContext context, DType type, double epsilon, double slope)
{
    /// <summary>The operations normalize with a scale and a shift: one and zero here, by number of channels.</summary>
    private readonly Dictionary<int, (Variable One, Variable Zero)> constants = [];

    public ForwardContext Context => context;

    public Tape Tape => context.Tape;

    /// <summary>The result of a convolution, with the normalization that it awaits.</summary>
    public ConvolutionPart Convolve(Conv conv, params IReadOnlyList<ConvolutionPart> parts)
    {
        Shape shape = conv.OutputShape(parts[0].X.Shape);
        var problem = new NormalizationProblem(
            shape,
            NormalizationKind.Instance,
            ModalityIndex.Single(1, 0, shape[0]),
            Groups: 1,
            epsilon,
            slope,
            DropoutMask.None
        );
        var statistics = new OutputStatistics(
            problem,
            Tape.Allocate(problem.StatisticsShape, type),
            Tape.Allocate(problem.StatisticsShape, type)
        );
        Variable y = conv.Forward(context, parts, statistics);
        (Variable one, Variable zero) = Constants(problem);
        return new ConvolutionPart(
            y,
            new NormalizedInput(problem, statistics.Mean, statistics.Variance, one, zero, OfInput: true)
        );
    }

    /// <summary>What <see cref="Convolve"/> left, normalized and activated.</summary>
    public Variable Activate(ConvolutionPart part)
    {
        Variable y = Tape.Normalize(part.Input!, part.X);
        Tape.Release(part.X);
        return y;
    }

    private (Variable One, Variable Zero) Constants(NormalizationProblem problem)
    {
        if (!constants.TryGetValue(problem.Channels, out (Variable, Variable) known))
            constants.Add(problem.Channels, known = (Filled(problem.AffineShape, 1), Filled(problem.AffineShape, 0)));
        return known;
    }

    private Variable Filled(Shape shape, double value)
    {
        Tensor tensor = Tape.Allocate(shape, type);
        Tape.Backend.Fill(tensor, value);
        return new Variable(tensor);
    }
}
