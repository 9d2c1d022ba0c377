using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>y = scale * x + offset, with constants.</summary>
public static class Scaling
{
    /// <summary>scale * x + offset.</summary>
    public static Variable Scale(this Tape tape, Variable x, double scale, double offset = 0)
    {
        Tensor y = tape.Allocate(x.Shape, x.DType);
        tape.Backend.Affine(x.Value, scale, offset, y);
        return tape.Record("scale", y, [x], (gy, _) => [tape.Scale(gy, scale)], keeps: []);
    }
}
