using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Sums over a run of axes, and the broadcast that is their adjoint.</summary>
public static class Reduction
{
    /// <summary>The sum over all elements: a scalar.</summary>
    public static Variable Sum(this Tape tape, Variable x) => tape.Sum(x, 0, x.Shape.Rank);

    /// <summary>The mean over all elements: a scalar.</summary>
    public static Variable Mean(this Tape tape, Variable x) => tape.Scale(tape.Sum(x), 1.0 / x.Shape.Count);

    /// <summary>
    /// The sum over <paramref name="axes"/> neighbouring axes from <paramref name="first"/> on, which vanish from the shape.
    /// </summary>
    public static Variable Sum(this Tape tape, Variable x, int first, int axes)
    {
        (int outer, int reduced, int inner) = Split(x.Shape, first, axes);
        Tensor y = tape.Allocate(new Shape([.. x.Shape.AsSpan()[..first], .. x.Shape.AsSpan()[(first + axes)..]]), x.DType);
        tape.Backend.Sum(x.Value, outer, reduced, inner, y);
        return tape.Record("sum", y, [x], (gy, _) => [tape.Broadcast(gy, x.Shape, first, axes)], keeps: []);
    }

    /// <summary>
    /// Repeats x along <paramref name="axes"/> new axes that stand at <paramref name="first"/> in <paramref name="shape"/>.
    /// </summary>
    public static Variable Broadcast(this Tape tape, Variable x, Shape shape, int first, int axes)
    {
        (int outer, int repeated, int inner) = Split(shape, first, axes);
        if ((long)outer * inner != x.Shape.Count)
            throw new ArgumentException($"{x.Shape} cannot be broadcast to {shape} along {axes} axes from {first}");
        Tensor y = tape.Allocate(shape, x.DType);
        tape.Backend.Broadcast(x.Value, outer, repeated, inner, y);
        return tape.Record("broadcast", y, [x], (gy, _) => [tape.Sum(gy, first, axes)], keeps: []);
    }

    private static (int Outer, int Middle, int Inner) Split(Shape shape, int first, int axes)
    {
        static int Product(ReadOnlySpan<int> extents)
        {
            int product = 1;
            foreach (int extent in extents)
                product = checked(product * extent);
            return product;
        }

        ReadOnlySpan<int> extents = shape.AsSpan();
        return (Product(extents[..first]), Product(extents.Slice(first, axes)), Product(extents[(first + axes)..]));
    }
}
