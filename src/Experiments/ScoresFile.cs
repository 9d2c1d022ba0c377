using System.Text.Json;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Experiments;

/// <summary>scores.json of a job: what its method says of itself, by name.</summary>
internal static class ScoresFile
{
    private const string Name = "scores.json";

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Writes those that are numbers.</summary>
    public static void Write(string run, IEnumerable<KeyValuePair<string, double>> scores) =>
        JsonFile.Write(Path.Combine(run, Name), scores.Where(score => double.IsFinite(score.Value)).ToDictionary(), Format);

    /// <summary>None of runs on volumes that finished before there was the file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static IReadOnlyDictionary<string, double> Read(string run) =>
        Path.Combine(run, Name) is var path && File.Exists(path)
            ? JsonFile.Read<Dictionary<string, double>>(path, Format)
            : new Dictionary<string, double>();
}
