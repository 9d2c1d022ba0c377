using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>
/// The validation records of a <see cref="TfRecordDataset"/>: all slices of a modality together count as one case, since records
/// do not say whose they are.
/// </summary>
public sealed class RecordValidation(TfRecordDataset dataset) : IValidationSet
{
    private readonly (Modality Modality, TfRecordSource Records)[] parts = dataset.OpenValidation();

    public int Count => parts.Length;

    public EvaluationReport Evaluate(CasePredictor predictor, IReadOnlyList<string> classNames)
    {
        string[] organs = [.. classNames.Skip(1)];
        return new EvaluationReport([.. parts.Select(part => Evaluate(part.Modality, part.Records, predictor, organs))], organs);
    }

    private static CaseResult Evaluate(Modality modality, TfRecordSource records, CasePredictor predictor, string[] organs)
    {
        SampleShape shape = records.Shape;
        var geometry = new Geometry(
            shape.Width,
            shape.Height,
            records.Count,
            Affine.Diagonal(new Vector3d(1, 1, 1), new Vector3d(0, 0, 0))
        );
        Volume<byte> prediction = new(geometry),
            reference = new(geometry);
        foreach ((int record, byte[] labels) in predictor.Labels(Images(records, reference), modality).Index())
            labels.CopyTo(prediction.Slice(record));

        return CaseResult.Of(
            $"{modality.Name} validation records",
            modality.Name,
            prediction,
            reference,
            organs,
            tolerance: null
        );
    }

    /// <summary>The images of the records, whose labels go to the reference.</summary>
    private static IEnumerable<float[]> Images(TfRecordSource records, Volume<byte> reference)
    {
        foreach ((int record, TfRecordPair pair) in records.ReadAll().Index())
        {
            pair.Labels.CopyTo(reference.Slice(record));
            yield return pair.Image;
        }
    }
}
