namespace UnpairedSegEngine.Storage;

/// <summary>Where a path leads once its links are followed, so that two paths to one place are seen to be one.</summary>
public static class RealPath
{
    /// <summary>As many as Linux follows.</summary>
    private const int MostLinks = 40;

    /// <summary>The full path without links; parts that do not exist stay as they are.</summary>
    /// <exception cref="IOException">Links lead in circles.</exception>
    public static string Of(string path) =>
        Of(path, out bool isCircle) is var real && !isCircle
            ? real
            : throw new IOException($"'{path}': its links lead in circles");

    /// <summary>The same; a link that leads in circles stays as it is, and cannot be opened.</summary>
    public static string OrCircle(string path) => Of(path, out _);

    private static string Of(string path, out bool isCircle)
    {
        string full = Path.GetFullPath(path),
            real = Path.GetPathRoot(full)!;
        var names = new Stack<string>();
        isCircle = false;
        Push(full[real.Length..]);
        for (int links = 0; names.TryPop(out string? name); )
        {
            string next = name == ".." ? Path.GetDirectoryName(real) ?? real : Path.Combine(real, name);
            string? target = new FileInfo(next).LinkTarget;
            isCircle |= target is not null && links >= MostLinks;
            if (target is not null && links++ < MostLinks)
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
            foreach (
                string name in relative
                    .Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries)
                    .Where(name => name != ".")
                    .Reverse()
            )
                names.Push(name);
        }
    }
}
