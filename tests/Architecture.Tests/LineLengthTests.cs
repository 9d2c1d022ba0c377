namespace UnpairedSegEngine.Architecture.Tests;

/// <summary>
/// Fails on lines longer than .editorconfig's max_line_length. The formatter (dotnet csharpier) breaks code; comments are for
/// people to break.
/// </summary>
public sealed class LineLengthTests
{
    private const int Longest = 130;

    private static readonly string[] Roots = ["src", "tests", "bench", "samples"];

    public static IEnumerable<string> Files =>
        Roots
            .Where(root => Directory.Exists(Path.Combine(Repository.Root, root)))
            .SelectMany(root =>
                Directory.EnumerateFiles(Path.Combine(Repository.Root, root), "*.cs", SearchOption.AllDirectories)
            )
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .Where(file => !file.Contains("/obj/") && !file.Contains("/bin/"));

    [TestCaseSource(nameof(Files))]
    public void Lines_fit(string file)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Repository.Root, file));
        var tooLong = new List<int>();
        bool isRaw = false;
        foreach ((int index, string line) in lines.Index())
        {
            if (line.Length > Longest && !isRaw && !line.Contains('"'))
                tooLong.Add(index + 1);
            isRaw ^= line.Split("\"\"\"").Length % 2 == 0;
        }

        Assert.That(tooLong, Is.Empty, $"{file}: lines over {Longest} columns that hold no text");
    }
}
