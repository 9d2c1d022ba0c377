using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// Two pre-activation convolutions beside a shortcut (He et al. 2016, arXiv:1603.05027); more channels than the input has are met
/// by zeros on both sides.
/// </summary>
internal sealed class ResidualBlock(PreActivationConv first, PreActivationConv second)
{
    public Variable Forward(ForwardContext context, Variable x)
    {
        Variable branch = first.Forward(context, x, second);
        Variable y = context.Tape.AddResidual(x, branch, second.Mask(context));
        Tape.Release(branch);
        return y;
    }
}
