using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Where predictions go: a label map per case, and its probabilities in a folder below.</summary>
/// <param name="path">The folder of <c>--out</c>; made when it is needed.</param>
internal sealed class PredictionFolder(string path)
{
    private static readonly string[] DatasetParts = ["imagesTr", "labelsTr", "imagesTs", "labelsTs"];

    private string Probabilities => Path.Combine(path, "probabilities");

    public string LabelsOf(PredictionInput input) => Path.Combine(path, input.Case + ".nii.gz");

    /// <summary>Names of classes may hold what names of files may not.</summary>
    public string ProbabilityOf(PredictionInput input, string className) =>
        Path.Combine(Probabilities, $"{input.Case}_{FileName.Encode(className)}.nii.gz");

    /// <summary>
    /// Checks that it is neither the inputs' folder nor a part of a dataset: predictions among references would be taken for
    /// them.
    /// </summary>
    /// <param name="inputs">File or folder of the inputs.</param>
    /// <exception cref="UsageException">It is.</exception>
    public void RequireApart(string inputs)
    {
        if (File.Exists(path))
            throw new UsageException($"--out '{path}': is a file, expected a folder");
        string real = RealPath.Of(path),
            inputFolder = RealPath.Of(Directory.Exists(inputs) ? inputs : Path.GetDirectoryName(Path.GetFullPath(inputs))!);
        if (real == inputFolder)
            throw new UsageException($"--out '{path}': is the folder of the inputs; choose another");
        if (
            DatasetParts.Contains(Path.GetFileName(real), StringComparer.OrdinalIgnoreCase)
            && File.Exists(Path.Combine(Path.GetDirectoryName(real)!, DatasetManifest.FileName))
        )
            throw new UsageException(
                $"--out '{path}': belongs to the dataset '{Path.GetDirectoryName(real)}'; choose another folder"
            );
    }

    /// <summary>Checks that no result replaces a file.</summary>
    /// <param name="inputs">What is predicted.</param>
    /// <param name="classes">Those whose probabilities are written, too.</param>
    /// <param name="mayReplace">Whether files of the same names are meant to be replaced, or left.</param>
    /// <exception cref="UsageException">A file is there and may not be replaced, or two results have one name.</exception>
    public void RequireFree(IReadOnlyList<PredictionInput> inputs, IReadOnlyList<string> classes, bool mayReplace)
    {
        string[] results =
        [
            .. inputs.Select(LabelsOf),
            .. inputs.SelectMany(input => classes.Select(name => ProbabilityOf(input, name))),
        ];
        if (
            results.GroupBy(result => result, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is
            { } twice
        )
            throw new UsageException(
                $"'{twice.Key}': two results would have this name; predict the inputs into folders of their own"
            );
        if (mayReplace || !Directory.Exists(path))
            return;
        var present = NamesIn(path).Concat(NamesIn(Probabilities)).ToHashSet(StringComparer.OrdinalIgnoreCase);
        string[] taken = [.. results.Where(result => present.Contains(NiftiPaths.Stem(Path.GetFullPath(result))))];
        if (taken.Length > 0)
            throw new UsageException(
                $"'{taken[0]}' exists{(taken.Length > 1 ? $", and {taken.Length - 1} more" : "")}; --continue leaves such "
                    + "files, --overwrite replaces them, or choose another --out"
            );
    }

    public void Create(bool withProbabilities) => Directory.CreateDirectory(withProbabilities ? Probabilities : path);

    /// <summary>Of all volumes, whatever their ending: two of one name are ambiguous to whoever reads the folder.</summary>
    private static IEnumerable<string> NamesIn(string folder) =>
        Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder).Where(NiftiPaths.IsNifti).Select(file => NiftiPaths.Stem(Path.GetFullPath(file)))
            : [];
}
