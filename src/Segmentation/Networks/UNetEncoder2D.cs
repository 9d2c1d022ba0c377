using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>
/// The way down of a U-Net on slices: at each level a pair of convolutions, then a pool of 2x2. Dropout is on the deepest skip
/// connection, not on what goes further down.
/// </summary>
internal sealed class UNetEncoder2D
{
    private readonly ConvPair2D[] levels;
    private readonly double keep;

    /// <param name="store">Receives the parameters.</param>
    /// <param name="name">Of the encoder.</param>
    /// <param name="inputs">Channels of the input.</param>
    /// <param name="features">Channels of the first level; they double with each.</param>
    /// <param name="halvings">Levels.</param>
    /// <param name="keep">Probability that dropout keeps an element.</param>
    public UNetEncoder2D(ParameterStore store, string name, int inputs, int features, int halvings, double keep)
    {
        this.keep = keep;
        levels =
        [
            .. Enumerable
                .Range(0, halvings)
                .Select(level => new ConvPair2D(
                    store,
                    $"{name}{level + 1}",
                    level == 0 ? inputs : features << (level - 1),
                    features << level
                )),
        ];
    }

    /// <param name="pass">The pass.</param>
    /// <param name="input">Left alone.</param>
    /// <param name="site">Of the dropout.</param>
    /// <returns>Skip connections, finest first, and what goes on into the bottleneck.</returns>
    public (Variable[] Skips, Variable Bottom) Forward(InstanceNormPass pass, Variable input, int site)
    {
        var skips = new Variable[levels.Length];
        Variable x = input;
        for (int level = 0; level < levels.Length; level++)
        {
            Variable y = levels[level].Forward(pass, new ConvolutionPart(x));
            if (level > 0)
                Tape.Release(x);
            x = pass.Tape.MaxPool(new PoolingProblem(y.Shape, Size3.Planar(2), Size3.Planar(2)), y);
            skips[level] = level < levels.Length - 1 ? y : pass.Tape.Dropout(y, pass.Context.Mask(keep, site));
            if (skips[level] != y)
                Tape.Release(y);
        }

        return (skips, x);
    }
}
