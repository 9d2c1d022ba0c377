using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Architecture.Tests;

/// <summary>Fails when a comment or a document sends its reader to a file that is not there.</summary>
public sealed partial class PathsInCommentsTests
{
    /// <summary>What a build or a run makes.</summary>
    private static readonly string[] Made =
    [
        "/bin/",
        "bench/results/",
        "kernels/images",
        "kernels/libemulated_kernels.so",
        "unpairedseg-gpu-check/",
    ];

    private static readonly string[] Folders = ["src", "kernels", "docs", "tools", "tests", "bench", "samples"];

    private static readonly string[] Kinds = [".cs", ".cuh", ".cu", ".h", ".cpp", ".md", ".py", ".sh"];

    public static IEnumerable<string> Files =>
        Folders
            .Select(folder => Path.Combine(Repository.Root, folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
            .Concat(Directory.EnumerateFiles(Repository.Root, "*.md"))
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .Where(file => Kinds.Contains(Path.GetExtension(file)) && !file.Contains("/obj/") && !file.Contains("/bin/"))
            .Where(file => !file.EndsWith($"/{nameof(PathsInCommentsTests)}.cs", StringComparison.Ordinal));

    [TestCaseSource(nameof(Files))]
    public void Paths_in_comments_exist(string file) =>
        Assert.That(
            Missing(file, File.ReadAllText(Path.Combine(Repository.Root, file))),
            Is.Empty,
            $"{file}: name the file as it is called now"
        );

    [TestCase("a.cs", "// as src/Engine/Engine.csproj says, and src/Engine/Gone.cs", "src/Engine/Gone.cs")]
    [TestCase("a.cs", "string gone = \"src/Engine/Gone.cs\";", "")]
    [TestCase("a.cuh", "int x;  // see convolution/tile.cuh and convolution/gone.cuh.", "convolution/gone.cuh")]
    [TestCase("a.cu", "#include \"convolution/gone.cuh\"", "")]
    [TestCase("a.sh", "# runs tools/gone.sh for kernels/*/parameters.cuh", "tools/gone.sh")]
    [TestCase(
        "kernels/README.md",
        "`tests/mutate.py`, `tests/gone.py`, [gone](../docs/gone.md)",
        "tests/gone.py ../docs/gone.md"
    )]
    public void The_check_sees_paths_that_lead_nowhere(string file, string text, string expected) =>
        Assert.That(string.Join(' ', Missing(file, text)), Is.EqualTo(expected));

    private static IEnumerable<string> Missing(string file, string text)
    {
        IEnumerable<string> comments = Path.GetExtension(file) switch
        {
            ".md" => [text],
            ".py" or ".sh" => HashComment().Matches(text).Select(match => match.Value),
            _ => SlashComment().Matches(text).Select(match => match.Value),
        };
        return comments
            .SelectMany(comment => Mention().Matches(comment))
            .Select(match => match.Value.TrimEnd('.'))
            .Where(path => !Made.Any(path.Contains) && !Placeholder().IsMatch(path))
            .Where(path => !Exists(path, file))
            .Distinct();
    }

    /// <summary>From the root, from the file's folder, from the engine's, or from kernels/ as in an include.</summary>
    private static bool Exists(string path, string file) =>
        new[] { string.Empty, Path.GetDirectoryName(file)!, "src/Engine", "kernels" }.Any(start =>
            Glob(Path.Combine(Repository.Root, start), path.Split('/'))
        );

    private static bool Glob(string folder, ReadOnlySpan<string> segments)
    {
        if (segments.IsEmpty)
            return true;
        if (!Directory.Exists(folder))
            return false;
        if (segments[0] == "..")
            return Glob(Path.GetDirectoryName(folder)!, segments[1..]);
        foreach (string entry in Directory.EnumerateFileSystemEntries(folder, segments[0]))
        {
            if (segments.Length == 1 || Glob(entry, segments[1..]))
                return true;
        }

        return false;
    }

    [GeneratedRegex(@"(?<!:)//[^\n]*")]
    private static partial Regex SlashComment();

    [GeneratedRegex(@"(?<!\S)#[^\n]*")]
    private static partial Regex HashComment();

    /// <summary>Folders of the repository and what lies in them, or a source file in a folder.</summary>
    [GeneratedRegex(
        @"(?<![\w/.\-~])(?:(?:src|kernels|docs|tools|tests|samples)/[\w.*/-]*[\w*]|(?:\.\./)*(?:[\w-]+/)+[\w.*-]+\.(?:cs|cuh?|md|py|sh)\b)"
    )]
    private static partial Regex Mention();

    /// <summary>NAME, and what a shell completes.</summary>
    [GeneratedRegex(@"\b[A-Z]{4,}\b")]
    private static partial Regex Placeholder();
}
