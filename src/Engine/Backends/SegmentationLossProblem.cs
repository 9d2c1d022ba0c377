using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// Sizes of the two passes of segmentation losses over logits z (samples, positions..., classes) and a class map of uint8 labels
/// (samples, positions...), each modality over its own samples: the first leaves sums from which the losses follow, the second
/// makes their gradient. A label of <see cref="Classes"/> or more belongs to no class: it counts in the squares P only.
/// </summary>
public sealed record SegmentationLossProblem
{
    /// <summary>(N, D, H, W, classes).</summary>
    public required Shape LogitsShape { get; init; }

    /// <summary>Of each sample.</summary>
    public required ModalityIndex Modality { get; init; }

    /// <summary>Probabilities below this are clipped in the cross-entropy, which has no gradient there; 0 for none.</summary>
    public double ProbabilityFloor { get; init; } = 0.005;

    /// <summary>Number of classes, background among them.</summary>
    public int Classes => LogitsShape[^1];

    /// <summary>Number of samples in the batch.</summary>
    public int Samples => LogitsShape[0];

    /// <summary>Positions per sample.</summary>
    public int Positions => checked((int)(LogitsShape.Count / Samples / Classes));

    /// <summary>Per modality: I[C], P[C], N[C], E[C], Z[C, C] (see <see cref="Backend.SegmentationLossSums"/>).</summary>
    public Shape SumsShape => new(Modality.Modalities, (4 * Classes) + (Classes * Classes));

    /// <summary>
    /// Per modality: diceTrue[C], diceSquare[C], crossEntropy[C], table[C, C] (see
    /// <see cref="Backend.SegmentationLossGradient"/>).
    /// </summary>
    public Shape CoefficientsShape => new(Modality.Modalities, (3 * Classes) + (Classes * Classes));

    /// <exception cref="ArgumentException">The sizes don't fit together.</exception>
    public SegmentationLossProblem Validate(Shape labels)
    {
        if (LogitsShape.Rank != labels.Rank + 1 || !LogitsShape.AsSpan()[..^1].SequenceEqual(labels.AsSpan()))
            throw new ArgumentException($"labels {labels} must have the shape of the logits {LogitsShape} without its last axis");
        if (Modality.Samples != Samples)
            throw new ArgumentException($"logits {LogitsShape} have {Samples} samples but {Modality.Samples} modality indices");
        if (Classes is < 2 or > 254)
            throw new ArgumentException($"logits {LogitsShape}: the number of classes must be in 2..254");
        return this;
    }
}
