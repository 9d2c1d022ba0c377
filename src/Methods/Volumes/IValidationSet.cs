using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>What a run is validated on.</summary>
public interface IValidationSet
{
    /// <summary>Cases; nothing is validated where there are none.</summary>
    int Count { get; }

    /// <param name="predictor">Segments with the run's present weights.</param>
    /// <param name="classNames">Background first.</param>
    EvaluationReport Evaluate(CasePredictor predictor, IReadOnlyList<string> classNames);
}
