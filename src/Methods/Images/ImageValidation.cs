using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Methods.Images;

/// <summary>Scores of a method's network over images.</summary>
/// <param name="images">What is classified.</param>
/// <param name="method">Has the network.</param>
public sealed class ImageValidation(ImageSet images, ImageMethod method) : IValidation
{
    public int Count => images.Count;

    public ValidationReport Run()
    {
        ClassificationReport report = method.Evaluate(images);
        return new ValidationReport(
            MainScore(report),
            report.IsMultiLabel ? "AP" : "Recall",
            [
                .. report.Classes.Select(scores => new ItemScore(
                    ImageSamples.Images,
                    scores.Name,
                    (report.IsMultiLabel ? scores.AveragePrecision : scores.Recall) ?? double.NaN
                )),
            ]
        );
    }

    /// <summary>
    /// By which classifiers are compared: accuracy, or the mean average precision where images have several labels.
    /// </summary>
    public static Score MainScore(ClassificationReport report) =>
        report.IsMultiLabel
            ? new Score("mean_average_precision", report.MeanAveragePrecision ?? double.NaN)
            : new Score("accuracy", report.Accuracy ?? double.NaN);
}
