using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Elements by an index along an axis, and back: each is the other's gradient.</summary>
public static class Indexing
{
    /// <summary>
    /// The element of each position at its index along one axis, which vanishes from the shape; zero where the index is not of
    /// the axis.
    /// </summary>
    /// <param name="tape">Records the operation.</param>
    /// <param name="x">Any shape.</param>
    /// <param name="index">int32 or uint8, of x's shape without the axis; must live until the backward pass.</param>
    /// <param name="axis">By default the last.</param>
    public static Variable Gather(this Tape tape, Variable x, Tensor index, Index? axis = null)
    {
        int first = (axis ?? ^1).GetOffset(x.Shape.Rank);
        return tape.Gather(x, index, first, 1);
    }

    /// <summary>
    /// Zeros of a shape with the elements of y, which lacks one axis, at their indices along it: the adjoint of <see
    /// cref="Gather(Tape, Variable, Tensor, Index?)"/>.
    /// </summary>
    public static Variable Scatter(this Tape tape, Variable y, Tensor index, Shape shape, Index? axis = null) =>
        tape.Scatter(y, index, shape, (axis ?? ^1).GetOffset(shape.Rank), 1);

    /// <summary>By an index into several neighbouring axes, seen as one.</summary>
    internal static Variable Gather(this Tape tape, Variable x, Tensor index, int first, int axes)
    {
        (int outer, int extent, int inner) = Reduction.Split(x.Shape, first, axes);
        Shape shape = Reduction.Without(x.Shape, first, axes);
        RequireShape(index, shape);
        Tensor y = tape.Allocate(shape, x.DType);
        tape.Backend.Gather(x.Value, index, outer, extent, inner, y);
        return tape.Record("gather", y, [x], (gy, _) => [tape.Scatter(gy, index, x.Shape, first, axes)], keeps: []);
    }

    internal static Variable Scatter(this Tape tape, Variable y, Tensor index, Shape shape, int first, int axes)
    {
        (int outer, int extent, int inner) = Reduction.Split(shape, first, axes);
        RequireShape(index, Reduction.Without(shape, first, axes));
        Tensor x = tape.Allocate(shape, y.DType);
        tape.Backend.Scatter(y.Value, index, outer, extent, inner, x);
        return tape.Record("scatter", x, [y], (gx, _) => [tape.Gather(gx, index, first, axes)], keeps: []);
    }

    private static void RequireShape(Tensor index, Shape shape)
    {
        if (index.Shape != shape)
            throw new ArgumentException($"the index must have shape {shape}, but has {index.Shape}");
    }
}
