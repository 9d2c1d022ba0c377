using System.Text.Json;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>splits_final.json of nnU-Net: a list of folds, each with the case names of <c>train</c> and <c>val</c>.</summary>
internal static class SplitFile
{
    /// <summary>The file's name inside a dataset folder.</summary>
    public const string FileName = "splits_final.json";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The case names of one fold.</summary>
    /// <exception cref="InvalidDataException">The file is malformed, or lists a case twice.</exception>
    /// <exception cref="UsageException">The file has no such fold.</exception>
    public static (HashSet<string> Train, HashSet<string> Validation) ReadFold(string path, int fold)
    {
        using JsonDocument document = JsonFile.Parse(path);
        JsonElement folds = Folds(path, document);
        if (fold < 0 || fold >= folds.GetArrayLength())
            throw new UsageException($"fold {fold}: '{path}' has the folds 0 to {folds.GetArrayLength() - 1}");
        HashSet<string> train = ReadCases(path, folds[fold], fold, "train");
        HashSet<string> validation = ReadCases(path, folds[fold], fold, "val");
        string? shared = train.Order(StringComparer.Ordinal).FirstOrDefault(validation.Contains);
        return shared is null
            ? (train, validation)
            : throw new InvalidDataException($"'{path}': fold {fold} has case '{OneLine.Of(shared)}' in both 'train' and 'val'");
    }

    /// <summary>How many folds the file has.</summary>
    public static int CountFolds(string path)
    {
        using JsonDocument document = JsonFile.Parse(path);
        return Folds(path, document).GetArrayLength();
    }

    /// <summary>Writes folds as nnU-Net does, case names sorted.</summary>
    public static void Write(string path, IEnumerable<(HashSet<string> Train, HashSet<string> Validation)> folds) =>
        JsonFile.Write(
            path,
            folds.Select(fold => new
            {
                train = fold.Train.Order(StringComparer.Ordinal),
                val = fold.Validation.Order(StringComparer.Ordinal),
            }),
            Indented
        );

    private static JsonElement Folds(string path, JsonDocument document) =>
        document.RootElement is { ValueKind: JsonValueKind.Array } folds && folds.GetArrayLength() > 0
            ? folds
            : throw new InvalidDataException($"'{path}': expected a list of folds, each with 'train' and 'val'");

    private static HashSet<string> ReadCases(string path, JsonElement fold, int number, string key)
    {
        if (
            fold.ValueKind != JsonValueKind.Object
            || !fold.TryGetProperty(key, out JsonElement list)
            || list.ValueKind != JsonValueKind.Array
            || list.EnumerateArray().Any(c => c.ValueKind != JsonValueKind.String)
        )
        {
            throw new InvalidDataException($"'{path}': fold {number} has no list '{key}' of case names");
        }
        var cases = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (!cases.Add(entry.GetString()!))
            {
                throw new InvalidDataException(
                    $"'{path}': fold {number} lists case '{OneLine.Of(entry.GetString()!)}' twice in '{key}'"
                );
            }
        }
        return cases;
    }
}
