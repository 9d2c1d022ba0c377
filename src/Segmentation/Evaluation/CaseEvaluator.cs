using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Metrics;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>Predicts whole cases and holds them against their reference segmentations.</summary>
/// <param name="predictor">Segments.</param>
/// <param name="classNames">Background first.</param>
public sealed class CaseEvaluator(CasePredictor predictor, IReadOnlyList<string> classNames)
{
    /// <summary>Class names without the background.</summary>
    public IReadOnlyList<string> Organs { get; } = [.. classNames.Skip(1)];

    /// <summary>Scores of one case, and its prediction.</summary>
    /// <param name="prepared">What the network sees.</param>
    /// <param name="reference">The reference on the volume's own grid.</param>
    /// <param name="stop">Ends the work between slices.</param>
    public (CaseResult Result, Volume<byte> Prediction) Evaluate(PreparedCase prepared, Volume<byte> reference, CancellationToken stop = default)
    {
        Volume<byte> prediction = predictor.Predict(prepared, stop: stop).ToOriginal();
        OverlapMetrics overlap = OverlapMetrics.Between(prediction, reference, classNames.Count);
        var dice = Organs.Select((organ, i) => (organ, overlap.Counts[i + 1].Dice)).ToDictionary(pair => pair.organ, pair => pair.Dice);
        return (new CaseResult(prepared.Id, prepared.Modality.Name, dice), prediction);
    }
}
