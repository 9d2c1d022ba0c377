using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>
/// The loss on labels as all methods on volumes have it: soft Dice and weighted cross-entropy of each modality.
/// </summary>
internal static class LabelLoss
{
    /// <summary>Sizes of the loss over a batch of logits.</summary>
    public static SegmentationLossProblem ProblemOf(LossConfig settings, Shape logits, ModalityIndex modality) =>
        new()
        {
            LogitsShape = logits,
            Modality = modality,
            ProbabilityFloor = settings.CeClip,
        };

    /// <summary>Its terms by name, modality after modality.</summary>
    /// <param name="losses">Of a batch.</param>
    /// <param name="modalities">Names, by modality index.</param>
    public static IEnumerable<LossTerm> Terms(DiceCrossEntropy losses, IReadOnlyList<string> modalities) =>
        modalities.Index().SelectMany(modality => TermsOf(losses, modality.Index, modality.Item));

    /// <summary>Those of one modality.</summary>
    public static IEnumerable<LossTerm> TermsOf(DiceCrossEntropy losses, int modality, string name) =>
        [
            new LossTerm($"dice_{name}", losses.Dice[modality], $"Dice loss of modality {name}"),
            new LossTerm($"ce_{name}", losses.CrossEntropy[modality], $"cross-entropy of modality {name}"),
        ];
}
