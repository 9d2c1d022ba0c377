using System.Diagnostics.CodeAnalysis;
using System.IO.Hashing;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Methods;

/// <summary>XxHash128 of a checkpoint's weights; none where the text is empty.</summary>
public readonly record struct WeightsHash(string Text) : IParsable<WeightsHash>
{
    private const int Digits = 32;

    /// <summary>Of the weights of a checkpoint.</summary>
    public static WeightsHash Of(Checkpoint checkpoint) =>
        new(
            Convert.ToHexStringLower(XxHash128.Hash(File.ReadAllBytes(checkpoint.File(TrainingCheckpoint.WeightFiles.Single()))))
        );

    /// <summary>Of the weights that a run is opened with.</summary>
    /// <param name="key">That names the run, for messages.</param>
    /// <param name="folder">The run.</param>
    /// <param name="expected">Of an earlier look; none where there was none.</param>
    /// <exception cref="InvalidDataException">There is no run, or its weights are others than expected.</exception>
    public static WeightsHash OfRun(string key, string folder, WeightsHash expected)
    {
        WeightsHash found = Of(TrainingCheckpoint.FindWeights(Path.Combine(folder, TrainingCheckpoint.FolderName)));
        return string.IsNullOrEmpty(expected.Text) || expected == found
            ? found
            : throw new InvalidDataException(
                $"{key}: the weights of '{folder}' are others than the run was begun with; give it the same teacher"
            );
    }

    public static WeightsHash Parse(string s, IFormatProvider? provider) =>
        TryParse(s, provider, out WeightsHash hash) ? hash : throw new FormatException($"'{s}' is no hash");

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out WeightsHash result)
    {
        result = new WeightsHash(s ?? "");
        return s is not null && (s.Length == 0 || (s.Length == Digits && s.All(char.IsAsciiHexDigitLower)));
    }

    public override string ToString() => Text;
}
