using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Inverted dropout with a counter-based mask: linear and its own adjoint.</summary>
public static class DropoutOperation
{
    /// <summary>
    /// x with elements dropped by <paramref name="mask"/> and the rest scaled up; x itself where the mask is off.
    /// </summary>
    public static Variable Dropout(this Tape tape, Variable x, DropoutMask mask) => tape.Dropout(x, mask, x.DType);

    /// <summary>The same, stored in another element type than x, as a gradient is in that of its variable.</summary>
    internal static Variable Dropout(this Tape tape, Variable x, DropoutMask mask, DType type)
    {
        if (!mask.IsActive)
            return tape.Convert(x, type);
        if (type != DType.BFloat16)
            x = tape.Convert(x, type);
        Tensor y = tape.Allocate(x.Shape, type);
        tape.Backend.Dropout(x.Value, mask, y);
        return tape.Record("dropout", y, [x], (gy, _) => [tape.Dropout(gy, mask, x.DType)], keeps: []);
    }
}
