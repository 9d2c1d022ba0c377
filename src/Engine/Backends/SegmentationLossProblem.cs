using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>What the distillation does with a class that one of the two modalities lacks in a batch.</summary>
public enum AbsentClassPolicy
{
    /// <summary>Leave the class out and average over those kept.</summary>
    Skip,

    /// <summary>As the published code: its mean logit is zero, its distribution uniform, and it counts.</summary>
    Uniform,
}

/// <summary>How the distillation compares the class distributions q of two modalities.</summary>
public enum DistillationMeasure
{
    /// <summary>(KL(a, b) + KL(b, a)) / 2, gradients to both.</summary>
    SymmetricKl,

    /// <summary>|q_a - q_b|^2 / 2, gradients to both: the alternative in the published code.</summary>
    L2,

    /// <summary>KL(teacher, student): the teacher's distribution is a constant.</summary>
    OneWay,
}

/// <summary>
/// Sizes and weights of the segmentation loss over logits z (samples, positions..., classes) and a class map of uint8 labels
/// (samples, positions...): dice * sum_m L_D + crossEntropy * sum_m L_CE + distillation * L_KD, each modality m over its own
/// samples.
/// A label of <see cref="Classes"/> or more belongs to no class: it counts in the position count M and in Dice's P only.
/// Dou et al. 2020, arXiv:2001.03111.
/// </summary>
public sealed record SegmentationLossProblem
{
    public required Shape LogitsShape { get; init; }

    public required ModalityIndex Modality { get; init; }

    public double DiceWeight { get; init; } = 1;

    public double CrossEntropyWeight { get; init; } = 1;

    /// <summary>Probabilities below this are clipped in the cross-entropy, which has no gradient there; 0 for none.</summary>
    public double ProbabilityFloor { get; init; } = 0.005;

    public double DistillationWeight { get; init; } = 0.5;

    public double Temperature { get; init; } = 2;

    public DistillationMeasure Measure { get; init; }

    /// <summary>
    /// The modality that the others learn from under <see cref="DistillationMeasure.OneWay"/>; pairs without it are left out.
    /// </summary>
    public int Teacher { get; init; }

    public AbsentClassPolicy AbsentClass { get; init; } = AbsentClassPolicy.Skip;

    public int Classes => LogitsShape[^1];

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
        if (Measure == DistillationMeasure.OneWay && (uint)Teacher >= (uint)Modality.Modalities)
            throw new ArgumentException($"the distillation's teacher is modality {Teacher} of {Modality.Modalities}");
        if (Temperature <= 0)
            throw new ArgumentException($"distillation temperature {Temperature} must be above zero");
        return this;
    }
}
