using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>Dice of a method's network over the cases of a set.</summary>
/// <param name="cases">What is segmented.</param>
/// <param name="openPredictor">A predictor with the method's present weights. Each validation opens one: what it records holds
/// memory no longer.</param>
/// <param name="classNames">Background first.</param>
public sealed class VolumeValidation(IValidationSet cases, Func<CasePredictor> openPredictor, IReadOnlyList<string> classNames)
    : IValidation
{
    public int Count => cases.Count;

    public ValidationReport Run()
    {
        using CasePredictor predictor = openPredictor();
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
