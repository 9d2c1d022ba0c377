using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// dropout(conv(leakyReLU(norm(x)))). The convolution normalizes while it reads. The dropout is not applied here: whatever reads
/// the result applies
/// <see cref="Mask"/> on load, which costs no pass of its own.
/// </summary>
internal sealed class PreActivationConv(ModalityNorm norm, Conv conv, double keep, int site)
{
    private readonly ModalityNorm norm = norm;

    /// <param name="context">The pass.</param>
    /// <param name="x">Input.</param>
    /// <param name="pending">Dropout that x still awaits.</param>
    /// <param name="statistics">Statistics of x that its producer left.</param>
    public Variable Forward(ForwardContext context, Variable x, DropoutMask pending, OutputStatistics? statistics = null) =>
        conv.Forward(context, norm.Prepare(context, x, pending, statistics), x);

    /// <summary>
    /// This, then <paramref name="next"/>: the statistics that the second needs are taken by the first as it writes its result.
    /// </summary>
    public Variable Forward(ForwardContext context, Variable x, PreActivationConv next)
    {
        OutputStatistics? statistics = next.norm.RequestStatistics(context, conv.OutputShape(x.Shape), Mask(context));
        Variable inner = conv.Forward(context, norm.Prepare(context, x, DropoutMask.None), x, statistics);
        Variable y = next.Forward(context, inner, Mask(context), statistics);
        Tape.Release(inner);
        return y;
    }

    /// <summary>The dropout that the result awaits.</summary>
    public DropoutMask Mask(ForwardContext context) => context.Mask(keep, site);
}
