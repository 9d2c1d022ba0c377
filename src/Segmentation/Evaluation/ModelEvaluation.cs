using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>A case that a model segmented: scores, image, reference (background where it says nothing) and prediction, on the image's own grid.</summary>
public sealed record EvaluatedCase(CaseResult Result, Volume<float> Image, Volume<byte> Reference, Volume<byte> Prediction);

/// <summary>Reads cases of a dataset, segments them and scores the result.</summary>
/// <param name="model">Segments.</param>
/// <param name="tolerance">Of the normalized surface Dice, mm.</param>
/// <param name="process">What is done to a prediction before it is scored, if given.</param>
public sealed class ModelEvaluation(TrainedModel model, double tolerance, Action<Volume<byte>>? process = null)
{
    private readonly IReadOnlyList<string> classes = model.Description.Classes;
    private readonly CaseEvaluator evaluator = new(model.Predictor, model.Description.Classes, tolerance, process);

    /// <summary>Class names without the background.</summary>
    public IReadOnlyList<string> Organs => evaluator.Organs;

    /// <exception cref="InvalidDataException">The dataset has other classes than the model.</exception>
    public void RequireClassesOf(SegmentationDataset dataset)
    {
        if (!dataset.ClassNames.SequenceEqual(classes))
            throw new InvalidDataException($"'{dataset.Folder}': has the classes {string.Join(", ", dataset.ClassNames)}, but the model was trained on {string.Join(", ", classes)}");
    }

    /// <exception cref="InvalidDataException">The case is bad or has no reference segmentation.</exception>
    public EvaluatedCase Evaluate(DatasetCase source, CancellationToken stop = default)
    {
        LoadedCase loaded = CaseReader.Read(model.Adopt(source), classes);
        Volume<byte> reference = loaded.Labels ?? throw new InvalidDataException($"case '{source.Id}': has no reference segmentation to evaluate against");
        PreparedCase prepared = PreparedCase.Prepare(loaded, model.Description.Preprocessing, classes.Count);
        (CaseResult result, Volume<byte> prediction) = evaluator.Evaluate(prepared, reference, stop);
        return new EvaluatedCase(result, loaded.Image, IgnoredVoxels.Mask(prediction, reference).Reference, prediction);
    }

    /// <summary>The report over cases that were evaluated.</summary>
    public EvaluationReport Report(IReadOnlyList<CaseResult> results) => new(results, Organs, tolerance);
}
