using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Architecture.Tests;

/// <summary>Fails when a file uses a floor above its own: reads the namespaces that every source file names.</summary>
public sealed partial class FloorTests
{
    /// <summary>Lowest first. A folder may use its own entry and those before it.</summary>
    private static readonly (string Folder, string Namespace)[] Floors =
    [
        ("src/Storage", "UnpairedSegEngine.Storage"),
        ("src/Engine/Schedules", "UnpairedSegEngine.Schedules"),
        ("src/Engine/Random", "UnpairedSegEngine.Random"),
        ("src/Engine/Devices", "UnpairedSegEngine.Devices"),
        ("src/Engine/Tensors", "UnpairedSegEngine.Tensors"),
        ("src/Engine/Backends", "UnpairedSegEngine.Backends"),
        ("src/Engine/Checkpoints", "UnpairedSegEngine.Checkpoints"),
        ("src/Engine/Autograd", "UnpairedSegEngine.Autograd"),
        ("src/Engine/Losses", "UnpairedSegEngine.Losses"),
        ("src/Engine/Layers", "UnpairedSegEngine.Layers"),
        ("src/Engine/Optimizers", "UnpairedSegEngine.Optimizers"),
        ("src/Training/Configuration", "UnpairedSegEngine.Training.Configuration"),
        ("src/Training/Progress", "UnpairedSegEngine.Training.Progress"),
        ("src/Training/Batches", "UnpairedSegEngine.Training.Batches"),
        ("src/Training", "UnpairedSegEngine.Training"),
        ("src/Imaging", "UnpairedSegEngine.Imaging"),
        ("src/Segmentation/Data", "UnpairedSegEngine.Segmentation.Data"),
        ("src/Segmentation/Importing", "UnpairedSegEngine.Segmentation.Importing"),
        ("src/Segmentation/Losses", "UnpairedSegEngine.Segmentation.Losses"),
        ("src/Segmentation/Sharing", "UnpairedSegEngine.Segmentation.Sharing"),
        ("src/Segmentation/Networks", "UnpairedSegEngine.Segmentation.Networks"),
        ("src/Segmentation/Inference", "UnpairedSegEngine.Segmentation.Inference"),
        ("src/Segmentation/Evaluation", "UnpairedSegEngine.Segmentation.Evaluation"),
        ("src/Classification/Data", "UnpairedSegEngine.Classification.Data"),
        ("src/Classification/Networks", "UnpairedSegEngine.Classification.Networks"),
        ("src/Classification/Inference", "UnpairedSegEngine.Classification.Inference"),
        ("src/Classification/Evaluation", "UnpairedSegEngine.Classification.Evaluation"),
        ("src/Methods", "UnpairedSegEngine.Methods"),
        ("src/Runs", "UnpairedSegEngine.Runs"),
        ("src/Export", "UnpairedSegEngine.Export"),
        ("src/Experiments", "UnpairedSegEngine.Experiments"),
        ("src/Bench", "UnpairedSegEngine.Bench"),
        ("src/Cli", "UnpairedSegEngine.Cli"),
    ];

    public static IEnumerable<string> SourceFiles =>
        Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .Where(file => !file.Contains("/obj/") && !file.Contains("/bin/"));

    [TestCaseSource(nameof(SourceFiles))]
    public void A_file_uses_no_floor_above_its_own(string file)
    {
        int floor = FloorOf(file);
        string text = File.ReadAllText(Path.Combine(Repository.Root, file));
        string[] above = [.. NamedNamespaces(text).Where(name => FloorOfNamespace(name) > floor)];
        Assert.That(above, Is.Empty, $"{file} reaches up");
    }

    [TestCaseSource(nameof(SourceFiles))]
    public void A_file_declares_the_namespace_of_its_folder(string file)
    {
        Match declared = Declaration().Match(File.ReadAllText(Path.Combine(Repository.Root, file)));
        Assume.That(declared.Success, "top-level statements and assembly attributes have no namespace");
        Assert.That(declared.Groups[1].Value, Does.StartWith(Floors[FloorOf(file)].Namespace));
    }

    [Test]
    public void Imaging_knows_nothing_of_the_engine()
    {
        string[] users =
        [
            .. SourceFiles
                .Where(file => file.StartsWith("src/Imaging/", StringComparison.Ordinal))
                .Where(file =>
                    NamedNamespaces(File.ReadAllText(Path.Combine(Repository.Root, file)))
                        .Any(name =>
                            !name.StartsWith("UnpairedSegEngine.Imaging", StringComparison.Ordinal)
                            && name != "UnpairedSegEngine.Storage"
                        )
                ),
        ];
        Assert.That(users, Is.Empty);
    }

    [Test]
    public void The_check_sees_an_arrow_that_runs_up() =>
        Assert.That(
            NamedNamespaces("using UnpairedSegEngine.Layers;").Select(FloorOfNamespace),
            Has.All.GreaterThan(FloorOf("src/Engine/Tensors/Tensor.cs"))
        );

    private static IEnumerable<string> NamedNamespaces(string text) =>
        Mention().Matches(Declaration().Replace(text, string.Empty)).Select(match => match.Value);

    private static int FloorOf(string file) =>
        Array.FindIndex(Floors, floor => file.StartsWith(floor.Folder + "/", StringComparison.Ordinal)) is >= 0 and var index
            ? index
            : throw new AssertionException($"{file} stands on no floor: add its folder to the list here");

    private static int FloorOfNamespace(string name) =>
        Array.FindIndex(Floors, floor => (name + ".").StartsWith(floor.Namespace + ".", StringComparison.Ordinal));

    [GeneratedRegex(@"UnpairedSegEngine(\.[A-Z]\w*)+")]
    private static partial Regex Mention();

    [GeneratedRegex(@"^namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Declaration();
}
