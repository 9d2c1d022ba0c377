using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Options;

/// <summary>Files that options name for results.</summary>
internal static class ResultFiles
{
    /// <summary>For the help of options called 'overwrite'.</summary>
    public const string OverwriteHelp = "Replace files that exist; without it they are refused.";

    /// <summary>Checks before any work that the files can be written and replace nothing.</summary>
    /// <param name="overwrite">Whether existing files may be replaced.</param>
    /// <param name="files">Options such as "--json" and their files; null where one was not given.</param>
    /// <exception cref="UsageException">A file exists, is a folder, has none to lie in, or is named twice.</exception>
    public static void Check(bool overwrite, params (string Option, string? Path)[] files)
    {
        var named = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string option, string? path) in files)
        {
            if (path is null)
                continue;
            if (path.Length == 0 || Directory.Exists(path))
                throw new UsageException(
                    $"{option} '{path}': {(path.Length == 0 ? "is empty" : "is a folder")}, expected a file"
                );
            if (!Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
                throw new UsageException($"{option} '{path}': the folder is missing, make it first");
            if (!overwrite && File.Exists(path))
                throw new UsageException($"{option} '{path}': exists; replace it with --overwrite, or name another file");
            if (!named.TryAdd(RealPath.Of(path), option))
                throw new UsageException($"{option} '{path}': is the file of {named[RealPath.Of(path)]}, too");
        }
    }
}
