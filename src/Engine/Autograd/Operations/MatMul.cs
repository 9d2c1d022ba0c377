using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Y = op(A) op(B), where op transposes or not.</summary>
public static class MatMulOperation
{
    /// <summary>The product of two matrices.</summary>
    /// <exception cref="ArgumentException">The inner sizes differ.</exception>
    public static Variable MatMul(this Tape tape, Variable a, Variable b, bool transposeA = false, bool transposeB = false)
    {
        if (a.Shape.Rank != 2 || b.Shape.Rank != 2 || a.Shape[transposeA ? 0 : 1] != b.Shape[transposeB ? 1 : 0])
            throw new ArgumentException(
                $"matrices {a.Shape} and {b.Shape} (transposed: {transposeA}, {transposeB}) cannot be multiplied: their "
                    + "inner sizes differ"
            );
        Tensor y = tape.Allocate(new Shape(a.Shape[transposeA ? 1 : 0], b.Shape[transposeB ? 0 : 1]), a.DType);
        tape.Backend.MatMul(a.Value, transposeA, b.Value, transposeB, y);
        return tape.Record(
            "matmul",
            y,
            [a, b],
            (gy, wanted) =>
                [
                    !wanted[0] ? null
                    : transposeA ? tape.MatMul(b, gy, transposeB, true)
                    : tape.MatMul(gy, b, false, !transposeB),
                    !wanted[1] ? null
                    : transposeB ? tape.MatMul(gy, a, true, transposeA)
                    : tape.MatMul(a, gy, !transposeA, false),
                ]
        );
    }
}
