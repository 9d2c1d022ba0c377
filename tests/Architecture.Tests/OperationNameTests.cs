using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Architecture.Tests;

/// <summary>
/// Holds that an operation has one word on every floor. A floor on which its file has no name of its own is listed with the
/// reason.
/// </summary>
public sealed partial class OperationNameTests
{
    private const string NotOnTape = "no tape operation: a layer or an optimizer calls the backend";

    /// <summary>The floors, and the files that an operation has on them; {0} is its word, {1} the same in snake case.</summary>
    private static readonly (string Floor, string[] Files)[] Floors =
    [
        ("cpu", ["src/Engine/Backends/Cpu/{0}.cs"]),
        ("ilgpu", ["src/Engine/Backends/Ilgpu/{0}.cs"]),
        ("cuda", ["src/Engine/Backends/Cuda/CudaSingles.{0}.cs"]),
        ("kernels", ["kernels/{1}/parameters.cuh", "kernels/{1}/README.md"]),
        ("kernel test", ["kernels/tests/{1}_test.cpp"]),
        ("tape", ["src/Engine/Autograd/Operations/{0}.cs"]),
        ("test", ["tests/Engine.Tests/Backends/{0}Tests.cs"]),
    ];

    /// <summary>The operations' words, and the floors on which they have no file of that name.</summary>
    private static readonly (string Word, (string Floor, string Reason)[] Exceptions)[] Operations =
    [
        ("Convolution", []),
        ("Normalization", []),
        ("Pooling", []),
        ("RoiPooling", []),
        ("Reduction", []),
        ("SegmentationLoss", [("tape", "methods make their losses of its two passes: Methods/Ummkd/UmmkdLossOperation.cs")]),
        ("Elementwise", [("tape", "one file per function, each with its own gradient: Addition.cs, Exponential.cs and so on")]),
        (
            "Dropout",
            [
                ("ilgpu", "a function of the elementwise kernel"),
                ("kernels", "elementwise/dropout.cu"),
                ("kernel test", "elementwise_test.cpp"),
            ]
        ),
        (
            "ResidualAdd",
            [
                ("cuda", "beside the elementwise kernels"),
                ("kernels", "elementwise/"),
                ("kernel test", "elementwise_test.cpp"),
                ("test", "DropoutTests: dropout and a sum"),
            ]
        ),
        ("PixelShuffle", [("kernel test", "pooling_test.cpp: copies as pooling's are")]),
        ("MatMul", [("test", "ReductionTests: sums of products")]),
        ("Indexing", [("kernel test", "reduction_test.cpp: axes as a sum's")]),
        ("Softmax", [("kernel test", "reduction_test.cpp: axes as a sum's")]),
        ("SoftmaxKl", []),
        ("Augmentation", [("tape", "samples have no gradient: Segmentation/Data/DeviceAugmentation.cs")]),
        (
            "Adam",
            [
                ("kernels", "optimizer/: all optimizers' kernels share a folder"),
                ("kernel test", "AdamTests compares the emulated kernel with float64"),
                ("tape", NotOnTape),
            ]
        ),
        (
            "Sgd",
            [
                ("kernels", "optimizer/: all optimizers' kernels share a folder"),
                ("kernel test", "elementwise_test.cpp, beside Adam"),
                ("tape", NotOnTape),
            ]
        ),
    ];

    public static IEnumerable<string> Words => Operations.Select(operation => operation.Word);

    [TestCaseSource(nameof(Words))]
    public void An_operation_has_one_word_on_every_floor(string word)
    {
        var exceptions = Operations.Single(operation => operation.Word == word).Exceptions.ToDictionary();
        Assert.That(exceptions.Keys, Is.SubsetOf(Floors.Select(floor => floor.Floor)));
        foreach ((string floor, string[] files) in Floors)
        {
            bool[] there = [.. files.Select(file => File.Exists(Path.Combine(Repository.Root, NameOf(file, word))))];
            Assert.That(
                there,
                Has.All.EqualTo(!exceptions.ContainsKey(floor)),
                exceptions.ContainsKey(floor)
                    ? $"{word} has a file of its own on floor {floor} now: strike the exception"
                    : $"{word} lacks {string.Join(", ", files.Select(file => NameOf(file, word)))}: give it that name"
            );
        }
    }

    /// <summary>Files of kernels and tape that belong to no word would be a second name of one.</summary>
    [Test]
    public void Kernel_folders_are_named_after_operations()
    {
        string[] others = ["common", "emulation", "tests", "optimizer"];
        Assert.That(
            Directory
                .EnumerateDirectories(Path.Combine(Repository.Root, "kernels"))
                .Select(folder => Path.GetFileName(folder)!)
                .Except(others),
            Is.SubsetOf(Words.Select(Snake))
        );
    }

    [Test]
    public void The_backends_files_are_named_after_operations([Values("Cpu", "Ilgpu")] string backend)
    {
        string[] sources = [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src/Engine/Backends", backend), "*.cs")];
        string[] operations =
        [
            .. sources
                .Where(file => File.ReadAllText(file).Contains("public override void ", StringComparison.Ordinal))
                .Select(file => Path.GetFileName(file).Split('.')[0])
                .Where(name => !name.EndsWith("Backend", StringComparison.Ordinal)),
        ];
        Assert.That(operations.Except(["Conversion"]), Is.SubsetOf(Words), "Conversion: the processor's part of Elementwise");
    }

    public static IEnumerable<string> UnaryFunctions =>
        FunctionOfTheContract().Matches(Read("src/Engine/Backends/Elementwise.cs")).Select(match => match.Groups[1].Value);

    /// <summary>The tape's part of Elementwise, which has no file of that word.</summary>
    [TestCaseSource(nameof(UnaryFunctions))]
    public void A_function_of_one_tensor_has_its_contracts_word_on_tape_and_in_kernels(string function)
    {
        Assert.That(
            File.Exists(Path.Combine(Repository.Root, $"src/Engine/Autograd/Operations/{function}.cs")),
            Is.EqualTo(function != "Sign"),
            "Sign has no gradient but zero, and is no tape operation"
        );
        Assert.That(Read("kernels/elementwise/unary.cu"), Does.Contain($"KERNEL(elementwise_{Snake(function)},"));
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(Repository.Root, file));

    private static string NameOf(string file, string word) =>
        file.Replace("{0}", word, StringComparison.Ordinal).Replace("{1}", Snake(word), StringComparison.Ordinal);

    private static string Snake(string word) =>
        string.Concat(
            word.Select((c, i) => i > 0 && char.IsUpper(c) ? "_" + char.ToLowerInvariant(c) : $"{char.ToLowerInvariant(c)}")
        );

    /// <summary>The members of the enum UnaryFunction.</summary>
    [GeneratedRegex(@"(?<=enum UnaryFunction\b[^}]*^    )(\w+),", RegexOptions.Multiline)]
    private static partial Regex FunctionOfTheContract();
}
