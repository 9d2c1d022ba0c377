using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = a + b.</summary>
public static class Addition
{
    /// <summary>The sum of two variables, of one shape or of shapes that broadcast.</summary>
    public static Variable Add(this Tape tape, Variable a, Variable b)
    {
        (a, b) = tape.Aligned(a, b);
        Tensor y = tape.Allocate(a.Shape, a.DType);
        tape.Backend.Binary(BinaryFunction.Add, a.Value, b.Value, y);
        return tape.Record("add", y, [a, b], (gy, _) => [gy, gy], keeps: []);
    }
}
