using System.Text.Json;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Runs.Transfer;

/// <summary>
/// What a run began with that did not begin at random: init.safetensors, the weights before its first step, and init.json, where
/// they are from. The run needs nothing else of the earlier one, which may go.
/// </summary>
/// <param name="Source">The run or file, with its full path.</param>
/// <param name="Step">Of its checkpoint; null where nobody says.</param>
/// <param name="Hash">XxHash128 of the source's weights.</param>
/// <param name="Modalities">For each modality of the run, the one of the source whose normalization it began with.</param>
/// <param name="Taken">Tensors taken as they were.</param>
/// <param name="Adapted">Tensors of which some rows were taken, and which.</param>
/// <param name="Initial">Tensors that kept their initial values, and why.</param>
/// <param name="Unused">Tensors of the source that the run has no place for.</param>
public sealed record InitialWeights(
    string Source,
    long? Step,
    string Hash,
    IReadOnlyDictionary<string, string> Modalities,
    IReadOnlyList<string> Taken,
    IReadOnlyDictionary<string, string> Adapted,
    IReadOnlyDictionary<string, string> Initial,
    IReadOnlyList<string> Unused
)
{
    public const string FileName = "init.json",
        WeightsName = "init.safetensors";

    private const int MostNamed = 6;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>For a person, a line each.</summary>
    public IEnumerable<string> Lines
    {
        get
        {
            yield return $"begins with '{OneLine.Of(Source)}'{(Step is { } step ? $", step {step}" : "")}: {Taken.Count} tensors taken, "
                + $"{Adapted.Count} adapted, {Initial.Count} at initial values, {Unused.Count} of the source unused";
            foreach (
                (string word, IReadOnlyDictionary<string, string> some) in new[] { ("adapted", Adapted), ("initial", Initial) }
            )
            {
                foreach (IGrouping<string, KeyValuePair<string, string>> group in some.GroupBy(entry => entry.Value))
                    yield return $"  {word}: {Some([.. group.Select(entry => entry.Key)])}: {OneLine.Of(group.Key)}";
            }

            if (Unused.Count > 0)
                yield return $"  unused: {Some(Unused)}";
        }
    }

    /// <summary>Writes both files to a run folder.</summary>
    public void Write(string runPath, IReadOnlyList<NamedArray> weights)
    {
        SafetensorsFile.Write(Path.Combine(runPath, WeightsName), weights);
        JsonFile.Write(Path.Combine(runPath, FileName), this, Format);
    }

    /// <summary>Gives a method the weights that a run began with; leaves it alone where they were random.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or of another network.</exception>
    public static void Restore(string runPath, TrainingMethod method)
    {
        string path = Path.Combine(runPath, WeightsName);
        if (File.Exists(path))
            TrainingCheckpoint.RestoreWeights(path, [.. method.Modules.Where(module => !module.IsFrozen)]);
    }

    private static string Some(IReadOnlyList<string> names) =>
        OneLine.Of(
            string.Join(", ", names.Take(MostNamed)) + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "")
        );
}
