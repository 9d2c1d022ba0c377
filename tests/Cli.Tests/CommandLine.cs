using UnpairedSegEngine.Imaging.Phantoms;

namespace UnpairedSegEngine.Cli.Tests;

/// <summary>Runs the program in this process, with a small phantom dataset at hand.</summary>
[NonParallelizable]
internal abstract class CommandLine
{
    protected string Folder { get; private set; } = "";

    protected string Data => Path.Combine(Folder, "data");

    [OneTimeSetUp]
    public void Prepare()
    {
        Folder = Directory.CreateTempSubdirectory("cli-tests-").FullName;
        PhantomDataset.Write(
            Data,
            new PhantomDatasetOptions
            {
                Training = 2,
                Validation = 1,
                Test = 1,
                Size = 32,
                Slices = 5,
            },
            null,
            CancellationToken.None
        );
    }

    [OneTimeTearDown]
    public void Delete() => Directory.Delete(Folder, recursive: true);

    protected string PathOf(string name) => Path.Combine(Folder, name);

    protected static (int Code, string Output, string Errors) Run(params string[] arguments)
    {
        (TextWriter output, TextWriter errors) = (Console.Out, Console.Error);
        using StringWriter newOutput = new(),
            newErrors = new();
        try
        {
            Console.SetOut(newOutput);
            Console.SetError(newErrors);
            return (Program.Run(arguments), newOutput.ToString(), newErrors.ToString());
        }
        finally
        {
            Console.SetOut(output);
            Console.SetError(errors);
        }
    }

    /// <summary>The command of a training that takes a second: two steps of a small network, if nothing else is said.</summary>
    /// <param name="data">The dataset.</param>
    /// <param name="run">The run's folder.</param>
    /// <param name="more">Further words; an option takes the place of the usual one of its name.</param>
    protected static string[] TrainCommand(string data, string run, params IReadOnlyList<string> more)
    {
        string[] usual = ["--channels", "2", "--size", "32", "--batch", "1", "--steps", "2"];
        return
        [
            "train",
            "--data",
            data,
            "--out",
            run,
            .. usual.Chunk(2).Where(option => !more.Contains(option[0])).SelectMany(option => option),
            .. more,
        ];
    }

    protected (int Code, string Output, string Errors) Train(string run, params IReadOnlyList<string> more) =>
        Run(TrainCommand(Data, PathOf(run), more));

    /// <summary>A dataset of its own for a test that changes it.</summary>
    protected string CopyOfData(string name) => CopyOf(Data, name);

    protected string CopyOf(string folder, string name)
    {
        string copy = PathOf(name);
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(copy, Path.GetRelativePath(folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return copy;
    }

    protected static void RequireSuccess((int Code, string Output, string Errors) result) =>
        Assert.That(result.Code, Is.Zero, result.Errors);

    /// <summary>Exactly one line on the error stream, with all the given parts.</summary>
    protected static void RequireOneLine((int Code, string Output, string Errors) result, int code, params string[] parts)
    {
        Assert.That(result.Code, Is.EqualTo(code), result.Errors);
        Assert.That(result.Errors.TrimEnd().Split('\n'), Has.Length.EqualTo(1), result.Errors);
        foreach (string part in parts)
            Assert.That(result.Errors, Does.Contain(part));
    }
}
