using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Sums over a run of axes, and the broadcast that is their adjoint.</summary>
public static class Reduction
{
    /// <summary>The sum over all elements: a scalar.</summary>
    public static Variable Sum(this Tape tape, Variable x) => tape.Sum(x, 0, x.Shape.Rank);

    /// <summary>The mean over all elements: a scalar.</summary>
    public static Variable Mean(this Tape tape, Variable x) => tape.Scale(tape.Sum(x), 1.0 / x.Shape.Count);

    /// <summary>The mean over <paramref name="axes"/> neighbouring axes from <paramref name="first"/> on.</summary>
    public static Variable Mean(this Tape tape, Variable x, int first, int axes) =>
        tape.Scale(tape.Sum(x, first, axes), 1.0 / Split(x.Shape, first, axes).Middle);

    /// <summary>
    /// The sum over <paramref name="axes"/> neighbouring axes from <paramref name="first"/> on, which vanish from the shape.
    /// </summary>
    public static Variable Sum(this Tape tape, Variable x, int first, int axes)
    {
        (int outer, int reduced, int inner) = Split(x.Shape, first, axes);
        Tensor y = tape.Allocate(Without(x.Shape, first, axes), x.DType);
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

    /// <summary>
    /// x repeated along its axes of extent one, and along new axes before its first, to a shape; x itself where it has that
    /// shape (NumPy's rules).
    /// </summary>
    /// <exception cref="ArgumentException">An axis is neither one nor the shape's.</exception>
    public static Variable BroadcastTo(this Tape tape, Variable x, Shape shape)
    {
        if (x.Shape == shape)
            return x;
        int missing = shape.Rank - x.Shape.Rank;
        int[] extents = [.. Enumerable.Repeat(1, Math.Max(missing, 0)), .. x.Shape.AsSpan()];
        if (missing < 0 || !extents.Zip(shape.AsSpan().ToArray(), (own, wanted) => own == 1 || own == wanted).All(fits => fits))
            throw new ArgumentException(
                $"{x.Shape} cannot be broadcast to {shape}: aligned at the last axis, each must be 1 or equal"
            );

        // Run by run of neighbouring axes: one operation each.
        for (int first = 0; first < shape.Rank; first++)
        {
            int axes = 0;
            while (first + axes < shape.Rank && extents[first + axes] != shape[first + axes])
                axes++;
            if (axes == 0)
                continue;
            Variable without = tape.Reshape(x, Without(new Shape(extents), first, axes));
            shape.AsSpan().Slice(first, axes).CopyTo(extents.AsSpan(first));
            x = tape.Broadcast(without, new Shape(extents), first, axes);
            first += axes;
        }

        return x.Shape == shape ? x : tape.Reshape(x, shape);
    }

    /// <summary>Two variables as of the shape that both broadcast to.</summary>
    internal static (Variable A, Variable B) Aligned(this Tape tape, Variable a, Variable b)
    {
        if (a.Shape == b.Shape)
            return (a, b);
        int rank = Math.Max(a.Shape.Rank, b.Shape.Rank);
        int ExtentOf(Shape shape, int axis) => axis + shape.Rank < rank ? 1 : shape[axis + shape.Rank - rank];
        var common = new int[rank];
        for (int axis = 0; axis < rank; axis++)
        {
            (int left, int right) = (ExtentOf(a.Shape, axis), ExtentOf(b.Shape, axis));
            if (left != right && left != 1 && right != 1)
                throw new ArgumentException(
                    $"{a.Shape} and {b.Shape} do not broadcast: aligned at the last axis, extents must be equal or 1"
                );
            common[axis] = Math.Max(left, right);
        }

        var shape = new Shape(common);
        return (tape.BroadcastTo(a, shape), tape.BroadcastTo(b, shape));
    }

    /// <summary>A shape without some neighbouring axes.</summary>
    internal static Shape Without(Shape shape, int first, int axes) =>
        new([.. shape.AsSpan()[..first], .. shape.AsSpan()[(first + axes)..]]);

    /// <summary>A shape as (before, these axes, behind).</summary>
    internal static (int Outer, int Middle, int Inner) Split(Shape shape, int first, int axes)
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
