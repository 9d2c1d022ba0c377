using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Classification.Networks;

/// <summary>A convolution whose result is normalized by whatever reads it; it leaves the statistics for that.</summary>
internal sealed record ConvUnit(Conv Conv, ModalityNorm Norm)
{
    /// <param name="context">The pass.</param>
    /// <param name="input">As it is, or to be normalized on load.</param>
    public Unnormalized Forward(ForwardContext context, ConvolutionPart input)
    {
        OutputStatistics? statistics = Norm.RequestStatistics(context, Conv.OutputShape(input.X.Shape), DropoutMask.None);
        return new Unnormalized(Conv.Forward(context, [input], statistics), Norm, statistics);
    }

    /// <summary>Units one after the other; only the last result is ever stored normalized.</summary>
    public static Variable Chain(ForwardContext context, Variable x, params IReadOnlyList<ConvUnit> units)
    {
        Unnormalized features = units[0].Forward(context, new ConvolutionPart(x));
        foreach (ConvUnit unit in units.Skip(1))
        {
            Unnormalized next = unit.Forward(context, features.AsPart(context));
            Tape.Release(features.X);
            features = next;
        }

        Variable y = context.Tape.Normalize(features.AsPart(context).Input!, features.X);
        Tape.Release(features.X);
        return y;
    }
}

/// <summary>What a <see cref="ConvUnit"/> leaves.</summary>
/// <param name="X">The convolution's result.</param>
/// <param name="Norm">Normalizes it.</param>
/// <param name="Statistics">Of X; null where running statistics serve.</param>
internal sealed record Unnormalized(Variable X, ModalityNorm Norm, OutputStatistics? Statistics)
{
    /// <summary>As a convolution reads it; once for each result.</summary>
    public ConvolutionPart AsPart(ForwardContext context) => new(X, Norm.Prepare(context, X, DropoutMask.None, Statistics));
}
