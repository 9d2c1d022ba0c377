using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Inverted dropout with a counter-based mask: linear and its own adjoint.</summary>
public static class DropoutOperation
{
    /// <summary>
    /// x with elements dropped by <paramref name="mask"/> and the rest scaled up; x itself where the mask is off.
    /// </summary>
    public static Variable Dropout(this Tape tape, Variable x, DropoutMask mask)
    {
        if (!mask.IsActive)
            return x;
        Tensor y = tape.Allocate(x.Shape, x.DType);
        tape.Backend.Dropout(x.Value, mask, y);
        return tape.Record("dropout", y, [x], (gy, _) => [tape.Dropout(gy, mask)], keeps: []);
    }
}
