using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Joins and parts tensors along an axis: channels, samples, or any other.</summary>
public static class Ranges
{
    /// <summary>The inputs one after the other along an axis.</summary>
    public static Variable Concat(this Tape tape, Index axis, params Variable[] inputs)
    {
        Shape shape = inputs[0].Shape.With(axis, inputs.Sum(input => input.Shape[axis]));
        Tensor y = tape.Allocate(shape, inputs[0].DType);
        int start = 0;
        foreach (Variable input in inputs)
        {
            if (input.Shape.With(axis, shape[axis]) != shape)
                throw new ArgumentException(
                    $"{input.Shape} and {inputs[0].Shape} cannot be joined along axis {axis}: their other axes differ"
                );
            tape.Backend.CopyRange(axis, input.Value, 0, y, start, input.Shape[axis]);
            start += input.Shape[axis];
        }

        return tape.Record(
            "concat",
            y,
            inputs,
            (gy, wanted) =>
            {
                var gradients = new Variable?[inputs.Length];
                int from = 0;
                for (int i = 0; i < inputs.Length; i++)
                {
                    if (wanted[i])
                        gradients[i] = tape.Slice(gy, axis, from, inputs[i].Shape[axis]);
                    from += inputs[i].Shape[axis];
                }

                return gradients;
            },
            keeps: []
        );
    }

    /// <summary><paramref name="count"/> elements of an axis from <paramref name="start"/> on.</summary>
    public static Variable Slice(this Tape tape, Variable x, Index axis, int start, int count)
    {
        Tensor y = tape.Allocate(x.Shape.With(axis, count), x.DType);
        tape.Backend.CopyRange(axis, x.Value, start, y, 0, count);
        return tape.Record("slice", y, [x], (gy, _) => [tape.Pad(gy, axis, start, x.Shape[axis])], keeps: []);
    }

    /// <summary>
    /// x with zeros around it along an axis: its first stands at <paramref name="start"/> of <paramref name="total"/>.
    /// </summary>
    public static Variable Pad(this Tape tape, Variable x, Index axis, int start, int total)
    {
        Tensor y = tape.Allocate(x.Shape.With(axis, total), x.DType);
        tape.Backend.Fill(y, 0);
        tape.Backend.CopyRange(axis, x.Value, 0, y, start, x.Shape[axis]);
        return tape.Record("pad", y, [x], (gy, _) => [tape.Slice(gy, axis, start, x.Shape[axis])], keeps: []);
    }

    /// <summary>The first of each <paramref name="step"/> elements of an axis: x[0], x[step], ...; ceil(extent / step) of
    /// them.</summary>
    public static Variable Every(this Tape tape, Variable x, Index axis, int step)
    {
        if (step == 1)
            return x;
        int position = axis.GetOffset(x.Shape.Rank),
            count = (x.Shape[position] + step - 1) / step;
        Variable whole = x.Shape[position] == count * step ? x : tape.Pad(x, position, 0, count * step);
        ReadOnlySpan<int> extents = whole.Shape.AsSpan();
        Variable first = tape.Slice(
            tape.Reshape(whole, new Shape([.. extents[..position], count, step, .. extents[(position + 1)..]])),
            position + 1,
            0,
            1
        );
        return tape.Reshape(first, x.Shape.With(position, count));
    }

    /// <summary>
    /// Copies a range of an axis; seen as rows of all that lies within the axis, it is a range of their columns.
    /// </summary>
    internal static void CopyRange(
        this Backend backend,
        Index axis,
        Tensor source,
        int sourceStart,
        Tensor target,
        int targetStart,
        int count
    )
    {
        int position = axis.GetOffset(source.Shape.Rank),
            inner = 1;
        for (int i = position + 1; i < source.Shape.Rank; i++)
            inner = checked(inner * source.Shape[i]);
        using Tensor sourceRows = AsRows(source),
            targetRows = AsRows(target);
        backend.CopyChannels(sourceRows, sourceStart * inner, targetRows, targetStart * inner, checked(count * inner));

        Tensor AsRows(Tensor tensor)
        {
            int row = checked(tensor.Shape[position] * inner);
            return tensor.Reshape(new Shape(checked((int)(tensor.Count / row)), row)).Detach();
        }
    }
}
