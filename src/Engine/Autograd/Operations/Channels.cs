using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Joins and parts feature maps along their channels.</summary>
public static class Channels
{
    /// <summary>The inputs' channels one after the other.</summary>
    public static Variable Concat(this Tape tape, params Variable[] inputs)
    {
        Shape shape = inputs[0].Shape.With(^1, inputs.Sum(input => input.Shape[^1]));
        Tensor y = tape.Allocate(shape, inputs[0].DType);
        int start = 0;
        foreach (Variable input in inputs)
        {
            if (input.Shape.With(^1, shape[^1]) != shape)
                throw new ArgumentException($"{input.Shape} and {inputs[0].Shape} cannot be joined along channels: their other axes differ");
            tape.Backend.CopyChannels(input.Value, 0, y, start, input.Shape[^1]);
            start += input.Shape[^1];
        }

        return tape.Record("concat", y, inputs, (gy, wanted) =>
        {
            var gradients = new Variable?[inputs.Length];
            int from = 0;
            for (int i = 0; i < inputs.Length; i++)
            {
                if (wanted[i])
                    gradients[i] = tape.SliceChannels(gy, from, inputs[i].Shape[^1]);
                from += inputs[i].Shape[^1];
            }

            return gradients;
        }, keeps: []);
    }

    /// <summary><paramref name="count"/> channels from <paramref name="start"/> on.</summary>
    public static Variable SliceChannels(this Tape tape, Variable x, int start, int count)
    {
        Tensor y = tape.Allocate(x.Shape.With(^1, count), x.DType);
        tape.Backend.CopyChannels(x.Value, start, y, 0, count);
        return tape.Record("slice channels", y, [x], (gy, _) => [tape.PadChannels(gy, start, x.Shape[^1])], keeps: []);
    }

    /// <summary>x with zero channels around it: its first stands at <paramref name="start"/> of <paramref name="total"/>.</summary>
    public static Variable PadChannels(this Tape tape, Variable x, int start, int total)
    {
        Tensor y = tape.Allocate(x.Shape.With(^1, total), x.DType);
        tape.Backend.Fill(y, 0);
        tape.Backend.CopyChannels(x.Value, 0, y, start, x.Shape[^1]);
        return tape.Record("pad channels", y, [x], (gy, _) => [tape.SliceChannels(gy, start, x.Shape[^1])], keeps: []);
    }
}
