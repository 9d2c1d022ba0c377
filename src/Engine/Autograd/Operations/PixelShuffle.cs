using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>
/// Channels to positions and back (phase shift, sub-pixel convolution): a permutation, so each is the other's gradient.
/// </summary>
public static class PixelShuffleOperation
{
    /// <summary>
    /// x (N, D, H, W, C r r) to (N, D, H r, W r, C); see <see cref="Backends.Backend.PixelShuffle"/> for the order.
    /// </summary>
    public static Variable PixelShuffle(this Tape tape, Variable x, int factor, bool transposed = false)
    {
        Shape s = x.Shape;
        if (s.Rank != 5 || s[4] % (factor * factor) != 0)
            throw new ArgumentException($"pixel shuffle by {factor} needs channels divisible by {factor * factor}, not {s}");
        Tensor y = tape.Allocate(new Shape(s[0], s[1], s[2] * factor, s[3] * factor, s[4] / (factor * factor)), x.DType);
        tape.Backend.PixelShuffle(x.Value, factor, transposed, y);
        return tape.Record("pixel shuffle", y, [x], (gy, _) => [tape.PixelUnshuffle(gy, factor, transposed)], keeps: []);
    }

    /// <summary>The inverse of <see cref="PixelShuffle"/>.</summary>
    public static Variable PixelUnshuffle(this Tape tape, Variable y, int factor, bool transposed = false)
    {
        Shape s = y.Shape;
        if (s.Rank != 5 || s[2] % factor != 0 || s[3] % factor != 0)
            throw new ArgumentException($"pixel unshuffle by {factor} needs height and width divisible by {factor}, not {s}");
        Tensor x = tape.Allocate(new Shape(s[0], s[1], s[2] / factor, s[3] / factor, s[4] * factor * factor), y.DType);
        tape.Backend.PixelUnshuffle(y.Value, factor, transposed, x);
        return tape.Record("pixel unshuffle", x, [y], (gx, _) => [tape.PixelShuffle(gx, factor, transposed)], keeps: []);
    }
}
