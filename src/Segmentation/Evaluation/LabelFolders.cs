using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>Predictions and references as two folders of label maps with the same names, whatever program wrote them.</summary>
public sealed class LabelFolders
{
    private const string AnyModality = "all";
    private const int MostNamed = 5;

    private readonly IReadOnlyList<(string Id, string Prediction, string Reference)> cases;
    private readonly ReferenceDescription description;
    private readonly int? ignored;

    private LabelFolders(
        IReadOnlyList<(string, string, string)> cases,
        ReferenceDescription description,
        IReadOnlyList<string> organs,
        IReadOnlyList<string> notes
    )
    {
        (this.cases, this.description, Organs, Notes) = (cases, description, organs, notes);
        ignored = description.Labels?.Ignored is { } value && value > organs.Count ? value : null;
    }

    /// <summary>
    /// Names of the classes from 1 on: given ones, else those of a dataset.json beside or in the references' folder, else "class
    /// 1" and so on up to the highest label of any file.
    /// </summary>
    public IReadOnlyList<string> Organs { get; }

    /// <summary>What was passed over, one line each.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Pairs the files.</summary>
    /// <param name="predictions">Folder.</param>
    /// <param name="references">Folder; each of its label maps needs a prediction.</param>
    /// <param name="organs">Names of the classes from 1 on; none to find them out.</param>
    /// <exception cref="InvalidDataException">A folder or a prediction is missing, or two files have one name.</exception>
    public static LabelFolders Open(string predictions, string references, IReadOnlyList<string> organs)
    {
        NiftiFolder predicted = NiftiFolder.Scan(predictions),
            actual = NiftiFolder.ScanSome(references);
        Dictionary<string, string> predictionOf = predicted.Volumes.ToDictionary(
            volume => volume.Name,
            volume => volume.Path,
            StringComparer.Ordinal
        );
        string[] missing = [.. actual.Volumes.Select(volume => volume.Name).Except(predictionOf.Keys)];
        if (missing.Length > 0)
            throw new InvalidDataException($"'{predictions}': has no prediction for {Named(missing)} of '{references}'");
        var cases = actual.Volumes.Select(volume => (volume.Name, predictionOf[volume.Name], volume.Path)).ToArray();
        var description = ReferenceDescription.Find(references);
        if (organs.Count == 0)
            organs = description.Labels is { } labels
                ? [.. labels.ClassNames.Skip(1)]
                : [.. Enumerable.Range(1, HighestLabel(cases)).Select(label => $"class {label}")];
        string[] unused =
        [
            .. predictionOf.Keys.Except(actual.Volumes.Select(volume => volume.Name)).Order(StringComparer.Ordinal),
        ];
        string?[] notes =
        [
            predicted.Note,
            actual.Note,
            description.Note,
            unused.Length > 0 ? $"'{predictions}': not scored, because they have no reference: {Named(unused)}" : null,
        ];
        return new LabelFolders(cases, description, organs, [.. notes.OfType<string>()]);
    }

    /// <summary>
    /// Scores of all cases, sorted by name. Those that cannot be read are listed in the report and counted nowhere.
    /// </summary>
    /// <param name="tolerance">Of the normalized surface Dice, mm.</param>
    /// <exception cref="InvalidDataException">No case can be scored: files are damaged, grids differ, or a label is no
    /// class.</exception>
    public EvaluationReport Evaluate(double tolerance)
    {
        var evaluation = new CaseByCase();
        foreach ((string id, string prediction, string reference) in cases)
            evaluation.Add(id, () => Score(id, prediction, reference, tolerance));
        return evaluation.Report(Organs, tolerance);
    }

    private CaseResult Score(string id, string predictionPath, string referencePath, double tolerance)
    {
        Volume<byte> prediction = Read(predictionPath),
            reference = Read(referencePath);
        if (!prediction.Geometry.Matches(reference.Geometry, out string difference, tolerance: 1e-2, directionTolerance: 1e-3))
            throw new InvalidDataException($"'{predictionPath}': lies on another grid than '{referencePath}': {difference}");
        if (ignored is { } value)
        {
            reference.Voxels.AsSpan().Replace((byte)value, LabelValue.Ignored);
            (prediction, reference) = IgnoredVoxels.Mask(prediction, reference);
        }

        RequireKnown(prediction, predictionPath);
        RequireKnown(reference, referencePath);
        return CaseResult.Of(
            id,
            description.Manifest?.ModalityOf(id).Name ?? AnyModality,
            prediction,
            reference,
            Organs,
            tolerance
        );
    }

    private void RequireKnown(Volume<byte> labels, string path)
    {
        int highest = labels.Voxels.Max();
        if (highest > Organs.Count)
            throw new InvalidDataException(
                $"'{path}': has label {highest}, but there are {Organs.Count} classes: {string.Join(", ", Organs)}; name "
                    + "all labels from 1 on with --classes"
            );
    }

    private static Volume<byte> Read(string path) => NiftiFile.Open(path).ToLabelVolume();

    /// <summary>
    /// Also of predictions: a class that only they have is hallucinated. Files that cannot be read are told of when they are
    /// scored.
    /// </summary>
    private static int HighestLabel((string Id, string Prediction, string Reference)[] cases) =>
        cases
            .SelectMany(c => new[] { c.Prediction, c.Reference })
            .Max(path => CaseByCase.TryRead(() => Math.Max(1, (int)Read(path).Voxels.Max())) ?? 1);

    private static string Named(string[] names) =>
        string.Join(", ", names.Take(MostNamed)) + (names.Length > MostNamed ? $" and {names.Length - MostNamed} more" : "");
}
