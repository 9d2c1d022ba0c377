using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>Weights of the loss terms, as the paper sets them by default.</summary>
public sealed record LossSettings(
    double DiceWeight = 1,
    double CrossEntropyWeight = 1,
    double ProbabilityFloor = 0.005,
    double DistillationWeight = 0.5,
    double Temperature = 2,
    AbsentClassPolicy AbsentClass = AbsentClassPolicy.Skip,
    DistillationMeasure Measure = DistillationMeasure.SymmetricKl,
    int Teacher = 0
)
{
    /// <summary>The loss over a batch of logits.</summary>
    public SegmentationLossProblem ProblemOf(Shape logits, ModalityIndex modality) =>
        new()
        {
            LogitsShape = logits,
            Modality = modality,
            DiceWeight = DiceWeight,
            CrossEntropyWeight = CrossEntropyWeight,
            ProbabilityFloor = ProbabilityFloor,
            DistillationWeight = DistillationWeight,
            Temperature = Temperature,
            AbsentClass = AbsentClass,
            Measure = Measure,
            Teacher = Teacher,
        };
}
