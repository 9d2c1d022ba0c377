using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Training.Configuration;

/// <summary>A value that somebody gave to a key.</summary>
/// <param name="Path">The key, such as <c>training.steps</c>.</param>
/// <param name="Value">Its text.</param>
/// <param name="Origin">Who says so, for messages: "run.yaml:12", "--set" or "--steps".</param>
/// <param name="IsFromFile">Whether a file says so, rather than the command line.</param>
public sealed record ConfigSetting(string Path, string Value, string Origin, bool IsFromFile = false)
{
    /// <summary>A setting of the form <c>key.path=value</c>.</summary>
    /// <exception cref="UsageException">There is no '='.</exception>
    public static ConfigSetting Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new ConfigSetting(text[..equals].Trim(), text[(equals + 1)..].Trim(), "--set")
            : throw new UsageException(
                $"--set {OneLine.Of(text)}: expected key.path=value, for example --set training.steps=500"
            );
    }

    /// <summary>The error that refuses this setting: the file's fault or the caller's.</summary>
    public Exception Refuse(string problem)
    {
        string message = $"{Origin}: {OneLine.Of(problem)}";
        return IsFromFile ? new InvalidDataException(message) : new UsageException(message);
    }
}
