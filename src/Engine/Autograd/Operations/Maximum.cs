using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>The greatest element of a run of axes; the gradient goes to the first that is it.</summary>
public static class Maximum
{
    /// <summary>The greatest of all elements: a scalar.</summary>
    public static Variable Max(this Tape tape, Variable x) => tape.Max(x, 0, x.Shape.Rank);

    /// <summary>
    /// The maximum over <paramref name="axes"/> neighbouring axes from <paramref name="first"/> on, which vanish from the shape.
    /// </summary>
    public static Variable Max(this Tape tape, Variable x, int first, int axes)
    {
        (int outer, int reduced, int inner) = Reduction.Split(x.Shape, first, axes);
        Shape shape = Reduction.Without(x.Shape, first, axes);
        Tensor y = tape.Allocate(shape, x.DType),
            index = tape.Allocate(shape, DType.Int32);
        tape.Backend.Max(x.Value, outer, reduced, inner, y, index);
        return tape.Record("max", y, [x], (gy, _) => [tape.Scatter(gy, index, x.Shape, first, axes)], keeps: [], saved: index);
    }
}
