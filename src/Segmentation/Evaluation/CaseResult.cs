using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Metrics;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>Scores of one case.</summary>
/// <param name="Id">Name of the case.</param>
/// <param name="Modality">For example "CT".</param>
/// <param name="Scores">By organ.</param>
public sealed record CaseResult(string Id, string Modality, IReadOnlyDictionary<string, StructureScores> Scores)
{
    /// <summary>
    /// Compares two label maps on one grid; see <see cref="IgnoredVoxels"/> for what the reference says nothing about.
    /// </summary>
    /// <param name="id">Name of the case.</param>
    /// <param name="modality">For example "CT".</param>
    /// <param name="prediction">Label map.</param>
    /// <param name="reference">Label map of the same shape; its spacing counts.</param>
    /// <param name="organs">Names of the classes from 1 on.</param>
    /// <param name="tolerance">Of the normalized surface Dice, mm; null to leave out what needs surfaces.</param>
    public static CaseResult Of(
        string id,
        string modality,
        Volume<byte> prediction,
        Volume<byte> reference,
        IReadOnlyList<string> organs,
        double? tolerance
    )
    {
        if (organs.Count < LabelValue.Ignored)
            (prediction, reference) = IgnoredVoxels.Mask(prediction, reference);
        OverlapMetrics overlap = OverlapMetrics.Between(prediction, reference, organs.Count + 1);
        return new CaseResult(
            id,
            modality,
            Enumerable
                .Range(1, organs.Count)
                .ToDictionary(
                    label => organs[label - 1],
                    label => StructureScores.Of(prediction, reference, (byte)label, overlap.Counts[label], tolerance)
                )
        );
    }

    /// <summary>Dice by organ, 0..1; null where the organ is absent from both prediction and reference.</summary>
    public IReadOnlyDictionary<string, double?> Dice => Scores.ToDictionary(pair => pair.Key, pair => pair.Value.Dice);
}
