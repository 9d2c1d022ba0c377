using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>Names of classes, one a line, in the order of their numbers.</summary>
internal static class ClassNameFile
{
    /// <summary>Name of the file where no format has one of its own.</summary>
    public const string FileName = "classes.txt";

    private const long MostBytes = 1 << 20;
    private const int LongestName = 200;

    /// <summary>The names in a folder's file; null where there is none.</summary>
    /// <param name="folder">Of a dataset.</param>
    /// <param name="classes">That labels have at least.</param>
    /// <param name="fileName">Of the file.</param>
    /// <exception cref="InvalidDataException">Fewer names than classes, or one that is no text of one line.</exception>
    public static IReadOnlyList<string>? TryRead(string folder, int classes, string fileName = FileName)
    {
        string path = Path.Combine(folder, fileName);
        if (!File.Exists(path))
            return null;
        string[] names =
        [
            .. System
                .Text.Encoding.UTF8.GetString(InputFile.ReadAll(path, MostBytes))
                .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
        ];
        if (names.Length < classes)
            throw new InvalidDataException($"'{path}': names {names.Length} classes, but labels are of {classes}");
        return names.FirstOrDefault(name => !IsName(name)) is { } bad
            ? throw new InvalidDataException($"'{path}': '{OneLine.Of(bad)}' is no name of a class")
            : names;
    }

    /// <summary>Whether a text can be a class's name.</summary>
    public static bool IsName(string? text) =>
        !string.IsNullOrWhiteSpace(text) && text.Length <= LongestName && !text.Any(char.IsControl);
}
