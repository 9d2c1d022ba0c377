namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Where a path leads once every link in it is followed: two names of one file have one real path.</summary>
internal static class RealPath
{
    /// <summary>As many as Linux follows; a link beyond is kept, and cannot be opened.</summary>
    private const int MostLinks = 40;

    public static string Of(string path)
    {
        string full = Path.GetFullPath(path), real = Path.GetPathRoot(full)!;
        var names = new Stack<string>();
        Push(full[real.Length..]);
        for (int links = 0; names.TryPop(out string? name);)
        {
            string next = name == ".." ? Path.GetDirectoryName(real) ?? real : Path.Combine(real, name);
            if (new FileInfo(next).LinkTarget is { } target && links++ < MostLinks)
            {
                Push(target);
                real = Path.IsPathRooted(target) ? Path.GetPathRoot(target)! : real;
            }
            else
            {
                real = next;
            }
        }

        return real;

        void Push(string relative)
        {
            foreach (string name in relative.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Where(name => name != ".").Reverse())
                names.Push(name);
        }
    }
}
