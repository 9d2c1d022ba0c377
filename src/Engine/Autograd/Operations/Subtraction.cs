using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = a - b.</summary>
public static class Subtraction
{
    /// <summary>The difference of two variables, of one shape or of shapes that broadcast.</summary>
    public static Variable Subtract(this Tape tape, Variable a, Variable b)
    {
        (a, b) = tape.Aligned(a, b);
        Tensor y = tape.Allocate(a.Shape, a.DType);
        tape.Backend.Binary(BinaryFunction.Subtract, a.Value, b.Value, y);
        return tape.Record("subtract", y, [a, b], (gy, wanted) => [gy, wanted[1] ? tape.Scale(gy, -1) : null], keeps: []);
    }
}
