using System.IO.Hashing;
using System.Text;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Export;

/// <summary>What can be said of a run's model to those who get it: nothing that names cases, folders or machines.</summary>
public static class RunFacts
{
    private const string DicePrefix = "dice/";

    /// <summary>Names of the scores by which validations choose.</summary>
    private static readonly string[] Scores = ["mean_dice", "accuracy", "mean_average_precision"];

    /// <summary>Of the weights that a run is opened with.</summary>
    /// <param name="run">The run.</param>
    /// <param name="weights">The checkpoint that they are from.</param>
    /// <exception cref="InvalidDataException">A record of the run is damaged.</exception>
    public static PackageManifest Of(RunFolder run, Checkpoint weights)
    {
        DataIdentity? data = RunProvenance.Find(run.Path)?.Data;
        return new PackageManifest(
            ModelPackage.Format,
            ClassifierDescription.IsIn(run.Path) ? "classification" : "segmentation",
            run.Info?.Version ?? "",
            run.Info?.GitHash ?? "",
            weights.Step,
            Path.GetFileName(weights.Folder).StartsWith("best-", StringComparison.Ordinal),
            data is null ? null : FingerprintOf(TrainingCases(data)),
            data is null ? new Dictionary<string, int>() : TrainingCases(data).CountBy(found => found.Modality).ToDictionary(),
            MetricsAt(run, weights.Step),
            new Dictionary<string, PackageFile>()
        );
    }

    private static CaseFingerprint[] TrainingCases(DataIdentity data) =>
        [.. data.Split.Train.Where(data.Cases.ContainsKey).Select(id => data.Cases[id])];

    /// <summary>Order and names of cases do not matter, voxels and labels do.</summary>
    private static string FingerprintOf(CaseFingerprint[] cases) =>
        Convert.ToHexStringLower(
            XxHash128.Hash(
                Encoding.UTF8.GetBytes(
                    string.Join(
                        '\n',
                        cases.Select(one => $"{one.Modality} {one.Image} {one.Labels}").Order(StringComparer.Ordinal)
                    )
                )
            )
        );

    private static Dictionary<string, double> MetricsAt(RunFolder run, long step) =>
        File.Exists(run.MetricsJsonPath)
            ? MetricsLog
                .Read(run)
                .Where(record => record.Step == step)
                .SelectMany(record => record.Values)
                .Where(value => IsScore(value.Key) && double.IsFinite(value.Value))
                .GroupBy(value => value.Key)
                .ToDictionary(values => values.Key, values => values.Last().Value)
            : [];

    private static bool IsScore(string name) => name.StartsWith(DicePrefix, StringComparison.Ordinal) || Scores.Contains(name);
}
