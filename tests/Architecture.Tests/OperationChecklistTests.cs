using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Architecture.Tests;

/// <summary>
/// What an operation of the contract needs beside its implementations, which the compiler demands: CUDA kernels, a check of its
/// arguments, a timing, a gradient and a test; or a reason why not.
/// </summary>
public sealed partial class OperationChecklistTests
{
    private const string Engine = "src/Engine/Backends/",
        NoGradient = "called by an optimizer or a layer, not by what is differentiated";

    private static readonly string Contract = Read(Engine + "Backend.cs");

    /// <summary>
    /// What each operation needs: the files that must name it, in which form, and the exceptions with their reasons.
    /// </summary>
    private static readonly (string Need, string Form, string Text, (string Operation, string Reason)[] Exceptions)[] Needs =
    [
        (
            "kernels of its own on CUDA (or a reason why ILGPU's serve)",
            "override void {0}(",
            Read(Engine + "Cuda", "CudaSingles*.cs"),
            []
        ),
        ("a check of its arguments", "override void {0}(", Read(Engine, "CheckedBackend*.cs"), []),
        ("a timing", "override void {0}(", Read(Engine + "Profiling/ProfilingBackend.cs"), []),
        (
            "a tape operation that calls it",
            "ackend.{0}(",
            Read("src/Engine/Autograd", "*.cs"),
            [
                ("SegmentationLossSums", "methods make their losses of it: Methods/Ummkd"),
                ("SegmentationLossGradient", "methods make their losses of it: Methods/Ummkd"),
                ("UpdateRunningStatistics", NoGradient),
                ("Augment", "samples have no gradient: Segmentation/Data/DeviceAugmentation.cs"),
                ("Adam", NoGradient),
                ("Sgd", NoGradient),
            ]
        ),
        (
            "a test on every backend",
            "ackend.{0}(",
            Read("tests/Engine.Tests/Backends", "*.cs") + Read("tests/Engine.Tests/Autograd", "*.cs"),
            []
        ),
    ];

    public static IEnumerable<string> Operations =>
        Declaration().Matches(Contract).Select(match => match.Groups[1].Value).Where(name => name != "Dispose").Distinct();

    [TestCaseSource(nameof(Operations))]
    public void An_operation_has_all_that_it_needs(string operation) =>
        Assert.Multiple(() =>
        {
            foreach ((string need, string form, string text, (string Operation, string)[] exceptions) in Needs)
                Assert.That(
                    text.Contains(form.Replace("{0}", operation, StringComparison.Ordinal), StringComparison.Ordinal),
                    Is.EqualTo(exceptions.All(exception => exception.Operation != operation)),
                    $"{operation} lacks {need}, or has it and is listed as an exception here"
                );
        });

    [Test]
    public void Exceptions_are_operations() =>
        Assert.That(
            Needs.SelectMany(need => need.Exceptions).Select(exception => exception.Operation).Distinct(),
            Is.SubsetOf(Operations)
        );

    /// <summary>An orphan: declared, and named nowhere else.</summary>
    [Test]
    public void The_check_sees_an_orphan() =>
        Assert.That(
            Needs.Select(need => need.Text.Contains(need.Form.Replace("{0}", "Orphan"), StringComparison.Ordinal)),
            Has.All.False
        );

    private static string Read(string folder, string pattern) =>
        string.Concat(
            Directory
                .EnumerateFiles(Path.Combine(Repository.Root, folder), pattern, SearchOption.AllDirectories)
                .Where(file => !file.Contains("/obj/", StringComparison.Ordinal))
                .Select(File.ReadAllText)
        );

    private static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));

    [GeneratedRegex(@"public (?:abstract|virtual) void (\w+)\(")]
    private static partial Regex Declaration();
}
