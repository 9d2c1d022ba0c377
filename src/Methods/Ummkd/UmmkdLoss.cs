using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// Soft Dice and weighted cross-entropy of each modality, and the distillation between them:
/// dice * sum_m L_D + ce * sum_m L_CE + kd * L_KL. Dou et al. 2020, arXiv:2001.03111.
/// </summary>
/// <param name="Labels">Weights of the terms on labels.</param>
/// <param name="Distillation">The term between the modalities.</param>
public sealed record UmmkdLoss(LossConfig Labels, DistillationConfig Distillation)
{
    /// <summary>Coarser levels that learn from labels, too.</summary>
    public int DeepLevels { get; init; }

    /// <summary>The contrast between class means and the other modality's prototypes; null for none.</summary>
    public PrototypeConfig? Prototypes { get; init; }

    /// <summary>What the loss on labels of the network's output counts.</summary>
    private double Share => DeepSupervision.WeightOf(0, DeepLevels);

    /// <summary>Sizes of the loss over a batch of logits.</summary>
    /// <exception cref="ArgumentException">The teacher is no modality.</exception>
    public SegmentationLossProblem ProblemOf(Shape logits, ModalityIndex modality)
    {
        if (Distillation.Form == DistillationForm.OneWay && (uint)Distillation.Teacher >= (uint)modality.Modalities)
            throw new ArgumentException(
                $"loss.kd.teacher is modality {Distillation.Teacher}, but there are {modality.Modalities}, counted from 0"
            );
        return LabelLoss.ProblemOf(Labels, logits, modality);
    }

    /// <summary>The losses of a batch and their derivatives.</summary>
    /// <param name="problem">Sizes.</param>
    /// <param name="sums">
    /// By modality. The distillation compares the means of their logits, which may be those of more batches than this one: its
    /// gradient is then that for this batch's means, taken at the others.
    /// </param>
    public UmmkdLossTerms Terms(SegmentationLossProblem problem, IReadOnlyList<SegmentationSums> sums)
    {
        var coefficients = new LossCoefficients(problem);
        return new UmmkdLossTerms(
            new DiceCrossEntropy(sums, Share * Labels.DiceWeight, Share * Labels.CeWeight, coefficients),
            new ClassDistillation(Distillation, sums, coefficients),
            sums,
            coefficients,
            Distillation.Weight
        );
    }

    /// <summary>The coefficients of one term on labels without the others.</summary>
    internal double[] CoefficientsOf(SegmentationLossProblem problem, IReadOnlyList<SegmentationSums> sums, bool dice)
    {
        var coefficients = new LossCoefficients(problem);
        _ = new DiceCrossEntropy(sums, dice ? Share * Labels.DiceWeight : 0, dice ? 0 : Share * Labels.CeWeight, coefficients);
        return coefficients.Values;
    }
}

/// <summary>The losses of a batch.</summary>
/// <param name="Labels">Of each modality.</param>
/// <param name="Distillation">Between the modalities.</param>
/// <param name="Sums">By modality.</param>
/// <param name="Coefficients">Of the gradient of the weighted sum.</param>
/// <param name="DistillationWeight">In the total.</param>
public sealed record UmmkdLossTerms(
    DiceCrossEntropy Labels,
    ClassDistillation Distillation,
    IReadOnlyList<SegmentationSums> Sums,
    LossCoefficients Coefficients,
    double DistillationWeight
)
{
    /// <summary>The weighted sum of all terms.</summary>
    public double Total => Labels.Total + (DistillationWeight * Distillation.Loss);

    /// <summary>Whether the batch has positions of a class in a modality.</summary>
    public bool HasClass(int modality, int trueClass) => Sums[modality].Counts[trueClass] > 0;
}
