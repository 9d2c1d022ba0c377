using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Another element type for the same values.</summary>
public static class Conversion
{
    /// <summary>
    /// x as another floating-point type, rounded to nearest even where that has fewer bits; x itself where it has the type. The
    /// gradient is converted back.
    /// </summary>
    public static Variable Convert(this Tape tape, Variable x, DType type)
    {
        if (x.DType == type)
            return x;
        Tensor y = tape.Allocate(x.Shape, type);
        tape.Backend.Convert(x.Value, y);
        return tape.Record("convert", y, [x], (gy, _) => [tape.Convert(gy, x.DType)], keeps: []);
    }
}
