using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Losses;

/// <summary>Integer labels as the constants that losses multiply with; nothing here waits for the device.</summary>
internal static class ClassMaps
{
    /// <summary>(..., classes): one at the label's class, zeros where a label is of no class.</summary>
    public static Variable OneHot(Tape tape, Tensor labels, Shape shape, DType type)
    {
        if (labels.DType != DType.UInt8)
            throw new ArgumentException($"labels must be UInt8, but are {labels.DType}");
        if (shape.Rank == 0 || labels.Shape != new Shape(shape.AsSpan()[..^1]))
            throw new ArgumentException(
                $"labels {labels.Shape} do not fit predictions {shape}: all but the last axis must agree"
            );
        Tensor ones = tape.Allocate(labels.Shape, type),
            oneHot = tape.Allocate(shape, type);
        tape.Backend.Fill(ones, 1);
        tape.Backend.Scatter(ones, labels, checked((int)labels.Count), shape[^1], 1, oneHot);
        return tape.Input(oneHot);
    }

    /// <summary>(classes): the given weights, or ones, and zero for the label that is ignored.</summary>
    public static Variable Weights(Tape tape, int classes, DType type, Tensor? given, int? ignored)
    {
        if (given is not null && given.Shape != new Shape(classes))
            throw new ArgumentException($"class weights must have shape ({classes}), but have {given.Shape}");
        Tensor weights = tape.Allocate(new Shape(classes), type);
        if (given is null)
            tape.Backend.Fill(weights, 1);
        else
            tape.Backend.Convert(given, weights);
        if (ignored is { } label && label >= 0 && label < classes)
        {
            Tensor zero = tape.Allocate(new Shape(1), type);
            tape.Backend.Fill(zero, 0);
            tape.Backend.CopyChannels(zero, 0, weights, label, 1);
        }

        return tape.Input(weights);
    }
}
