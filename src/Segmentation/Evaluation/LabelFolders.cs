using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>Predictions and references as two folders of label maps with the same names, whatever program wrote them.</summary>
public sealed class LabelFolders
{
    private const string AnyModality = "all";

    private readonly IReadOnlyList<(string Id, string Prediction, string Reference)> cases;
    private readonly DatasetManifest? manifest;

    private LabelFolders(IReadOnlyList<(string, string, string)> cases, DatasetManifest? manifest, IReadOnlyList<string> organs)
        => (this.cases, this.manifest, Organs) = (cases, manifest, organs);

    /// <summary>Names of the classes from 1 on: given ones, else those of a dataset.json beside or in the references' folder, else "class 1" and so on.</summary>
    public IReadOnlyList<string> Organs { get; }

    /// <summary>Pairs the files.</summary>
    /// <param name="predictions">Folder.</param>
    /// <param name="references">Folder; each of its label maps needs a prediction.</param>
    /// <param name="organs">Names of the classes from 1 on; none to find them out.</param>
    /// <exception cref="InvalidDataException">A folder or a prediction is missing.</exception>
    public static LabelFolders Open(string predictions, string references, IReadOnlyList<string> organs)
    {
        Dictionary<string, string> predicted = LabelMaps(predictions), actual = LabelMaps(references);
        if (actual.Count == 0)
            throw new InvalidDataException($"'{references}': has no .nii, .nii.gz or .hdr file to evaluate against");
        if (actual.Keys.Except(predicted.Keys).ToArray() is { Length: > 0 } missing)
            throw new InvalidDataException($"'{predictions}': has no prediction for {string.Join(", ", missing.Take(5))}{(missing.Length > 5 ? $" and {missing.Length - 5} more" : "")} of '{references}'");
        string? path = new[] { Path.Combine(references, DatasetManifest.FileName), Path.Combine(references, "..", DatasetManifest.FileName) }.FirstOrDefault(File.Exists);
        DatasetManifest? manifest = path is null ? null : TryRead(path);
        var cases = actual.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, predicted[pair.Key], pair.Value)).ToArray();
        if (organs.Count == 0)
            organs = manifest is not null ? [.. manifest.ClassNames.Skip(1)] : [.. Enumerable.Range(1, cases.Max(c => HighestLabel(c.Value))).Select(label => $"class {label}")];
        return new LabelFolders(cases, manifest, organs);
    }

    /// <summary>Scores of all cases.</summary>
    /// <param name="tolerance">Of the normalized surface Dice, mm.</param>
    /// <exception cref="InvalidDataException">A file is damaged, the two grids differ, or a label is no class.</exception>
    public EvaluationReport Evaluate(double tolerance)
    {
        var results = new List<CaseResult>();
        foreach ((string id, string predictionPath, string referencePath) in cases)
        {
            Volume<byte> prediction = Read(predictionPath), reference = Read(referencePath);
            if (!prediction.Geometry.Matches(reference.Geometry, out string difference, tolerance: 1e-2, directionTolerance: 1e-3))
                throw new InvalidDataException($"'{predictionPath}': lies on another grid than '{referencePath}': {difference}");
            results.Add(CaseResult.Of(id, manifest?.ModalityOf(id)?.Name ?? AnyModality, prediction, reference, Organs, tolerance));
        }

        return new EvaluationReport(results, Organs, tolerance);
    }

    private static Dictionary<string, string> LabelMaps(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder).Where(NiftiPaths.IsNifti).ToDictionary(path => Path.GetFileName(NiftiPaths.Stem(path)), StringComparer.Ordinal)
        : throw new InvalidDataException($"'{folder}': no such folder");

    /// <summary>Null for a dataset.json of another kind: other programs' datasets need not name modalities.</summary>
    private static DatasetManifest? TryRead(string path)
    {
        try
        {
            return DatasetManifest.Read(path);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    private static int HighestLabel(string path) => Math.Max((byte)1, NiftiFile.Open(path).ToLabelVolume().Voxels.Max());

    private Volume<byte> Read(string path)
    {
        Volume<byte> labels = NiftiFile.Open(path).ToLabelVolume();
        int highest = labels.Voxels.Max();
        return highest <= Organs.Count
            ? labels
            : throw new InvalidDataException($"'{path}': has label {highest}, but there are {Organs.Count} classes: {string.Join(", ", Organs)}");
    }
}
