using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = a * b, element by element.</summary>
public static class Multiplication
{
    /// <summary>The product of two variables, of one shape or of shapes that broadcast.</summary>
    public static Variable Multiply(this Tape tape, Variable a, Variable b)
    {
        (a, b) = tape.Aligned(a, b);
        Tensor y = tape.Allocate(a.Shape, a.DType);
        tape.Backend.Binary(BinaryFunction.Multiply, a.Value, b.Value, y);
        return tape.Record(
            "multiply",
            y,
            [a, b],
            (gy, wanted) => [wanted[0] ? tape.Multiply(gy, b) : null, wanted[1] ? tape.Multiply(gy, a) : null]
        );
    }
}
