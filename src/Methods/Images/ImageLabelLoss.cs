using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>The loss on labels as all methods on images have it.</summary>
internal static class ImageLabelLoss
{
    /// <summary>Name of the loss in records.</summary>
    public const string Name = "ce";

    /// <summary>The mean cross-entropy over images, or of all yes-no decisions over images and classes: a scalar.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="logits">(images, classes).</param>
    /// <param name="labels">uint8 (images), or float (images, classes) of zeros and ones where images have several labels.</param>
    public static Variable Of(Tape tape, Variable logits, Tensor labels) =>
        labels.DType == DType.UInt8
            ? tape.CrossEntropy(logits, labels)
            : tape.BinaryCrossEntropyWithLogits(logits, tape.Input(labels));
}
