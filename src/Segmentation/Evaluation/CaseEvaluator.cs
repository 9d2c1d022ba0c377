using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>Predicts whole cases and holds them against their reference segmentations.</summary>
/// <param name="predictor">Segments.</param>
/// <param name="classNames">Background first.</param>
/// <param name="tolerance">Of the normalized surface Dice, mm; null to leave out what needs surfaces.</param>
/// <param name="process">What is done to a prediction before it is scored, if given.</param>
public sealed class CaseEvaluator(
    CasePredictor predictor,
    IReadOnlyList<string> classNames,
    double? tolerance = null,
    Action<Volume<byte>>? process = null
)
{
    /// <summary>Class names without the background.</summary>
    public IReadOnlyList<string> Organs { get; } = [.. classNames.Skip(1)];

    /// <summary>Scores of one case, and its prediction.</summary>
    /// <param name="prepared">What the network sees.</param>
    /// <param name="reference">The reference on the volume's own grid.</param>
    /// <param name="stop">Ends the work between forward passes.</param>
    public (CaseResult Result, Volume<byte> Prediction) Evaluate(
        PreparedCase prepared,
        Volume<byte> reference,
        CancellationToken stop = default
    )
    {
        Volume<byte> prediction = predictor.Predict(prepared, stop: stop).ToOriginal();
        process?.Invoke(prediction);
        return (CaseResult.Of(prepared.Id, prepared.Modality.Name, prediction, reference, Organs, tolerance), prediction);
    }
}
