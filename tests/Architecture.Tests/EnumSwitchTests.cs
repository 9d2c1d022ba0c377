using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Architecture.Tests;

/// <summary>
/// Fails when a switch over an enum has a default that computes something: a value that is added to the enum would silently be
/// taken for another.
/// </summary>
public sealed partial class EnumSwitchTests
{
    /// <summary>Its values come from headers, so those that have no name are part of it.</summary>
    private const string OpenEnum = "src/Imaging/Nifti/NiftiDataType.cs";

    /// <summary>ILGPU's kernels cannot throw; what chooses their function does.</summary>
    private const string KernelDefault = "y = double.NaN;";

    private static readonly HashSet<string> Enums =
    [
        .. FloorTests
            .SourceFiles.SelectMany(file => Declaration().Matches(File.ReadAllText(Path.Combine(Repository.Root, file))))
            .Select(declared => declared.Groups[1].Value),
    ];

    public static IEnumerable<string> SourceFiles => FloorTests.SourceFiles.Where(file => file != OpenEnum);

    [TestCaseSource(nameof(SourceFiles))]
    public void Defaults_of_switches_over_enums_throw(string file) =>
        Assert.That(
            SilentDefaults(File.ReadAllText(Path.Combine(Repository.Root, file))),
            Is.Empty,
            $"{file}: throw in the default, and name the last value"
        );

    [TestCase("x switch\n{\n    ParameterKind.Kernel => 1,\n    _ => 2,\n}", 1)]
    [TestCase("x switch\n{\n    ParameterKind.Kernel => 1,\n    _ => throw new Exception(),\n}", 0)]
    [TestCase("switch (x)\n{\n    case DType.Float32: f(); break;\n    default: g(); break;\n}", 1)]
    [TestCase("switch (x)\n{\n    case DType.Float32: f(); break;\n    default:\n        throw new Exception();\n}", 0)]
    [TestCase("x switch\n{\n    1 => 1,\n    _ => y switch\n    {\n        DType.Float32 => 1,\n        _ => 2,\n    },\n}", 1)]
    public void The_check_sees_defaults_that_do_not_throw(string text, int count) =>
        Assert.That(SilentDefaults(text).Count(), Is.EqualTo(count));

    private static IEnumerable<string> SilentDefaults(string text)
    {
        foreach (Match start in SwitchBody().Matches(text))
        {
            string body = OwnArms(text, start.Index + start.Length);
            if (
                Arm().Matches(body).Any(arm => Enums.Contains(arm.Groups[1].Value))
                && Default().Match(body) is { Success: true } silent
                && !silent.Value.EndsWith(KernelDefault, StringComparison.Ordinal)
            )
                yield return silent.Value;
        }
    }

    /// <summary>What stands between the braces, without what stands in inner ones.</summary>
    private static string OwnArms(string text, int from)
    {
        int depth = 1,
            at = from;
        var own = new List<char>();
        for (; depth > 0 && at < text.Length; at++)
        {
            depth +=
                text[at] == '{' ? 1
                : text[at] == '}' ? -1
                : 0;
            if (depth == 1 && text[at] != '}')
                own.Add(text[at]);
        }

        return string.Concat(own);
    }

    [GeneratedRegex(@"\benum ([A-Z]\w*)")]
    private static partial Regex Declaration();

    [GeneratedRegex(@"\bswitch\b[^{};]*\{")]
    private static partial Regex SwitchBody();

    [GeneratedRegex(@"(?:^|\bor\b|\bcase\b|\()\s*\(?([A-Z]\w*)\.[A-Z]\w*", RegexOptions.Multiline)]
    private static partial Regex Arm();

    [GeneratedRegex(@"(?:\b_ =>|\bdefault:)(?!\s*throw)\s*[^\n]*")]
    private static partial Regex Default();
}
