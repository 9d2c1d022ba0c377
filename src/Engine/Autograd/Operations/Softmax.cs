using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Softmax over an axis and its logarithm, safe for logits of any size.</summary>
public static class SoftmaxOperation
{
    /// <summary>exp(x) / sum of exp(x) over an axis, by default the last. gx = y (gy - sum of gy y).</summary>
    public static Variable Softmax(this Tape tape, Variable x, Index? axis = null)
    {
        (int first, int outer, int classes, int inner) = AxisOf(x.Shape, axis);
        Tensor value = tape.Allocate(x.Shape, x.DType);
        tape.Backend.Softmax(x.Value, outer, classes, inner, value);
        Variable y = null!;
        y = tape.Record(
            "softmax",
            value,
            [x],
            (gy, _) =>
            {
                Variable weighted = tape.Multiply(gy, y);
                return [tape.Subtract(weighted, tape.Multiply(y, tape.SumAlong(weighted, first)))];
            },
            keeps: []
        );
        y.IsNeededInBackward = y.RequiresGradient;
        return y;
    }

    /// <summary>x - ln(sum of exp(x)) over an axis, by default the last. gx = gy - exp(y) sum of gy.</summary>
    public static Variable LogSoftmax(this Tape tape, Variable x, Index? axis = null)
    {
        (int first, int outer, int classes, int inner) = AxisOf(x.Shape, axis);
        Tensor value = tape.Allocate(x.Shape, x.DType);
        tape.Backend.LogSoftmax(x.Value, outer, classes, inner, value);
        Variable y = null!;
        y = tape.Record(
            "log softmax",
            value,
            [x],
            (gy, _) => [tape.Subtract(gy, tape.Multiply(tape.Exp(y), tape.SumAlong(gy, first)))],
            keeps: []
        );
        y.IsNeededInBackward = y.RequiresGradient;
        return y;
    }

    /// <summary>The sum along one axis, repeated along it.</summary>
    private static Variable SumAlong(this Tape tape, Variable x, int axis) =>
        tape.Broadcast(tape.Sum(x, axis, 1), x.Shape, axis, 1);

    private static (int Axis, int Outer, int Extent, int Inner) AxisOf(Shape shape, Index? axis)
    {
        int position = (axis ?? ^1).GetOffset(shape.Rank);
        if (position < 0 || position >= shape.Rank)
            throw new ArgumentException($"{shape} has no axis {axis ?? ^1}");
        (int outer, int extent, int inner) = Reduction.Split(shape, position, 1);
        return (position, outer, extent, inner);
    }
}
