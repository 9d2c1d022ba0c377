using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = x where x >= 0, slope * x below. Maas et al. 2013.</summary>
public static class LeakyRelu
{
    /// <summary>The leaky ReLU, element by element.</summary>
    public static Variable LeakyReLU(this Tape tape, Variable x, double slope)
    {
        Tensor y = tape.Allocate(x.Shape, x.DType);
        tape.Backend.LeakyReluForward(x.Value, slope, y);
        return tape.Record("leaky relu", y, [x], (gy, _) => [tape.LeakyReLUBackward(gy, x, slope)]);
    }

    /// <summary>gy times the slope at x: linear in gy, and constant in x but for the kink.</summary>
    private static Variable LeakyReLUBackward(this Tape tape, Variable gy, Variable x, double slope)
    {
        Tensor gx = tape.Allocate(x.Shape, x.DType);
        tape.Backend.LeakyReluBackward(gy.Value, x.Value, slope, gx);
        return tape.Record("leaky relu backward", gx, [gy], (ggx, _) => [tape.LeakyReLUBackward(ggx, x, slope)], keeps: [x]);
    }
}
