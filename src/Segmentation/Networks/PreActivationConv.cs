using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// dropout(conv(leakyReLU(norm(x)))). The dropout is not applied here: whatever reads the result applies <see cref="Mask"/> on load,
/// which costs no pass of its own.
/// </summary>
internal sealed class PreActivationConv(ModalityNorm norm, Conv conv, double keep, int site)
{
    /// <param name="context">The pass.</param>
    /// <param name="x">Input.</param>
    /// <param name="pending">Dropout that x still awaits.</param>
    public Variable Forward(ForwardContext context, Variable x, DropoutMask pending)
    {
        Variable activated = norm.Forward(context, x, pending);
        Variable y = conv.Forward(context, activated);
        Tape.Release(activated);
        return y;
    }

    /// <summary>The dropout that the result awaits.</summary>
    public DropoutMask Mask(ForwardContext context) => context.Mask(keep, site);
}
