using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>Dice of a method's network over the cases of a set.</summary>
/// <param name="cases">What is segmented.</param>
/// <param name="predictor">Segments with the method's present weights.</param>
/// <param name="classNames">Background first.</param>
public sealed class VolumeValidation(IValidationSet cases, CasePredictor predictor, IReadOnlyList<string> classNames)
    : IValidation
{
    public int Count => cases.Count;

    public ValidationReport Run()
    {
        EvaluationReport report = cases.Evaluate(predictor, classNames);
        return new ValidationReport(
            new Score(Score.MeanDice, report.OverallDice ?? double.NaN),
            "Dice",
            [
                .. from modality in report.Modalities
                from organ in report.Organs
                select new ItemScore(modality, organ, report.Dice[modality][organ].Mean ?? double.NaN),
            ]
        );
    }
}
