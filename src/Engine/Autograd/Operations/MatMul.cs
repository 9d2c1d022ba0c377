using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Y = op(A) op(B), where op transposes or not.</summary>
public static class MatMulOperation
{
    private delegate Variable Product(Variable a, Variable b, bool transposeA, bool transposeB);

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
        return tape.Record("matmul", y, [a, b], Gradients(a, b, transposeA, transposeB, tape.MatMul));
    }

    /// <summary>
    /// The products of as many pairs of matrices, one by one: (batch, rows, depth) and (batch, depth, columns) to (batch, rows,
    /// columns).
    /// </summary>
    /// <exception cref="ArgumentException">The numbers of matrices or the inner sizes differ.</exception>
    public static Variable BatchedMatMul(this Tape tape, Variable a, Variable b, bool transposeA = false, bool transposeB = false)
    {
        if (
            a.Shape.Rank != 3
            || b.Shape.Rank != 3
            || a.Shape[0] != b.Shape[0]
            || a.Shape[transposeA ? 1 : 2] != b.Shape[transposeB ? 2 : 1]
        )
            throw new ArgumentException(
                $"batches of matrices {a.Shape} and {b.Shape} (transposed: {transposeA}, {transposeB}) cannot be multiplied: "
                    + "their numbers or inner sizes differ"
            );
        Tensor y = tape.Allocate(new Shape(a.Shape[0], a.Shape[transposeA ? 2 : 1], b.Shape[transposeB ? 1 : 2]), a.DType);
        for (int i = 0; i < y.Shape[0]; i++)
        {
            using Tensor left = MatrixAt(a.Value, i),
                right = MatrixAt(b.Value, i),
                product = MatrixAt(y, i);
            tape.Backend.MatMul(left, transposeA, right, transposeB, product);
        }

        return tape.Record("batched matmul", y, [a, b], Gradients(a, b, transposeA, transposeB, tape.BatchedMatMul));
    }

    private static BackwardRule Gradients(Variable a, Variable b, bool transposeA, bool transposeB, Product product) =>
        (gy, wanted) =>
            [
                !wanted[0] ? null
                : transposeA ? product(b, gy, transposeB, true)
                : product(gy, b, false, !transposeB),
                !wanted[1] ? null
                : transposeB ? product(gy, a, true, transposeA)
                : product(a, gy, !transposeA, false),
            ];

    private static Tensor MatrixAt(Tensor batch, int index)
    {
        Shape shape = Reduction.Without(batch.Shape, 0, 1);
        return batch.Part(index * shape.Count, shape).Detach();
    }
}
