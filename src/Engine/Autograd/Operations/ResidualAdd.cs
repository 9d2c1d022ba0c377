using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>
/// y = dropout(branch) + shortcut, the shortcut's channels centred among zeros where the branch has more (He et al. 2016, option
/// A). The branch may be stored as bfloat16 beside a shortcut of float32.
/// </summary>
public static class ResidualAdd
{
    /// <summary>The sum at the end of a residual block.</summary>
    /// <exception cref="ArgumentException">Shapes differ in more than their channels, or the missing channels cannot be
    /// centred.</exception>
    public static Variable AddResidual(this Tape tape, Variable shortcut, Variable branch, DropoutMask mask)
    {
        int missing = branch.Shape[^1] - shortcut.Shape[^1];
        if (shortcut.Shape.With(^1, branch.Shape[^1]) != branch.Shape || missing < 0 || missing % 2 != 0)
            throw new ArgumentException($"shortcut {shortcut.Shape} cannot be centred in branch {branch.Shape}");
        Tensor y = tape.Allocate(branch.Shape, shortcut.DType);
        tape.Backend.ResidualAdd(shortcut.Value, branch.Value, mask, y);
        return tape.Record(
            "residual add",
            y,
            [shortcut, branch],
            (gy, wanted) =>
                [
                    !wanted[0] ? null
                    : missing == 0 ? gy
                    : tape.Slice(gy, ^1, missing / 2, shortcut.Shape[^1]),
                    wanted[1] ? tape.Dropout(gy, mask, branch.DType) : null,
                ],
            keeps: []
        );
    }
}
