using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary><see cref="LabelLoss"/> as a part of a larger loss.</summary>
/// <param name="Settings">Weights of its terms.</param>
/// <param name="Modalities">Names, by modality index.</param>
/// <param name="Weight">What it counts in the whole loss.</param>
internal sealed record VolumeLabelLoss(LossConfig Settings, IReadOnlyList<string> Modalities, double Weight)
{
    /// <summary>Sizes of the loss over a batch of logits.</summary>
    public SegmentationLossProblem ProblemOf(Shape logits, ModalityIndex modality) =>
        LabelLoss.ProblemOf(Settings, logits, modality);

    /// <summary>What it adds to the loss of a batch, its terms by name, and the derivatives for the sums.</summary>
    /// <param name="problem">Sizes.</param>
    /// <param name="sums">What the pass over the logits left.</param>
    public (double Total, IEnumerable<LossTerm> Terms, double[] Coefficients) Of(SegmentationLossProblem problem, double[] sums)
    {
        var coefficients = new LossCoefficients(problem);
        var losses = new DiceCrossEntropy(
            SegmentationSums.Of(problem, sums),
            Weight * Settings.DiceWeight,
            Weight * Settings.CeWeight,
            coefficients
        );
        return (losses.Total, LabelLoss.Terms(losses, Modalities), coefficients.Values);
    }
}
