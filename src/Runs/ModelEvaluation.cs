using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Evaluation;

namespace UnpairedSegEngine.Runs;

/// <summary>
/// A case that a model segmented: scores, image, reference (background where it says nothing) and prediction, on the image's own
/// grid, and what was odd about its intensities.
/// </summary>
public sealed record EvaluatedCase(
    CaseResult Result,
    Volume<float> Image,
    Volume<byte> Reference,
    Volume<byte> Prediction,
    IReadOnlyList<string> Warnings
);

/// <summary>Reads cases of a dataset, segments them and scores the result.</summary>
/// <param name="model">Segments.</param>
/// <param name="tolerance">Of the normalized surface Dice, mm.</param>
/// <param name="process">What is done to a prediction before it is scored, if given.</param>
/// <param name="isOtherData">Whether the data have nothing to do with those that the run was made from, though cases may have the
/// same names.</param>
public sealed class ModelEvaluation(
    TrainedRun model,
    double tolerance,
    Action<Volume<byte>>? process = null,
    bool isOtherData = false
)
{
    private readonly RunProvenance? provenance = isOtherData ? null : model.Provenance;
    private readonly IReadOnlyList<string> classes = model.Description.Classes;
    private readonly CaseEvaluator evaluator = new(model.Predictor, model.Description.Classes, tolerance, process);

    /// <summary>Class names without the background.</summary>
    public IReadOnlyList<string> Organs => evaluator.Organs;

    /// <exception cref="InvalidDataException">The dataset has other classes than the model.</exception>
    public void RequireClassesOf(SegmentationDataset dataset)
    {
        if (!dataset.ClassNames.SequenceEqual(classes))
            throw new InvalidDataException(
                $"'{dataset.Folder}': has the classes {string.Join(", ", dataset.ClassNames)}, but the model was trained "
                    + $"on {string.Join(", ", classes)}"
            );
    }

    /// <summary>Holds a dataset against the one that the run was made from, before any case is read.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="fold">That was asked for; null for the run's own.</param>
    /// <param name="unseen">Cases that are judged as such which the run did not learn from.</param>
    /// <exception cref="InvalidDataException">They contradict each other.</exception>
    public void RequireDataOf(SegmentationDataset dataset, int? fold, IReadOnlyList<DatasetCase> unseen)
    {
        RequireClassesOf(dataset);
        if ((provenance?.DifferenceOfNames(dataset) ?? provenance?.DifferenceToJudged(dataset, fold, unseen)) is { } difference)
            throw Contradiction(difference);
    }

    /// <exception cref="InvalidDataException">The case is bad, has no reference segmentation, or is another than the run was made
    /// with.</exception>
    public EvaluatedCase Evaluate(DatasetCase source, CancellationToken stop = default)
    {
        LoadedCase loaded = CaseReader.Read(model.Adopt(source), classes);
        if (provenance?.DifferenceTo(loaded) is { } difference)
            throw Contradiction(difference);
        Volume<byte> reference =
            loaded.Labels
            ?? throw new InvalidDataException($"case '{source.Id}': has no reference segmentation to evaluate against");
        PreparedCase prepared = PreparedCase.Prepare(loaded, model.Description.Preprocessing, classes.Count);
        (CaseResult result, Volume<byte> prediction) = evaluator.Evaluate(prepared, reference, stop);
        return new EvaluatedCase(
            result,
            loaded.Image,
            IgnoredVoxels.Mask(prediction, reference).Reference,
            prediction,
            CaseWarnings.OfImages([prepared])
        );
    }

    private InvalidDataException Contradiction(string difference) => RunProvenance.Contradiction(model.Folder.Path, difference);

    /// <summary>The report over cases that were evaluated.</summary>
    public EvaluationReport Report(IReadOnlyList<CaseResult> results) => new(results, Organs, tolerance);
}
