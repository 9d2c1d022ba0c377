namespace UnpairedSegEngine.Storage;

/// <summary>Where a path leads once its links are followed, so that two paths to one place are seen to be one.</summary>
public static class RealPath
{
    private const int MostLinks = 40;

    /// <summary>The full path without links; parts that do not exist stay as they are.</summary>
    /// <exception cref="IOException">Links lead in circles.</exception>
    public static string Of(string path)
    {
        string real = Path.GetPathRoot(Path.GetFullPath(path))!;
        var parts = new Stack<string>(Path.GetFullPath(path)[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
        for (int links = 0; parts.TryPop(out string? part);)
        {
            string next = Path.Combine(real, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                real = next;
                continue;
            }

            if (++links > MostLinks)
                throw new IOException($"'{path}': its links lead in circles");
            string full = Path.GetFullPath(target, real);
            real = Path.GetPathRoot(full)!;
            foreach (string piece in full[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse())
                parts.Push(piece);
        }

        return real;
    }
}
