using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Autograd.Operations;

/// <summary>Another shape for the same elements.</summary>
public static class Reshaping
{
    /// <summary>x under another shape of as many elements; shares its memory.</summary>
    public static Variable Reshape(this Tape tape, Variable x, Shape shape) =>
        tape.Record("reshape", x.Value.Reshape(shape), [x], (gy, _) => [tape.Reshape(gy, x.Shape)], keeps: []);
}
