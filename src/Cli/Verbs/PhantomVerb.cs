using CommandLine;
using UnpairedSegEngine.Imaging.Phantoms;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("phantom", HelpText = "Write a dataset of unpaired CT-like and MR-like phantoms.")]
internal sealed class PhantomVerb : IVerb
{
    [Option("out", Required = true, HelpText = "Folder for the dataset; must be new or empty.")]
    public string Out { get; init; } = "";

    [Option("anatomy", Default = PhantomAnatomy.Abdomen, HelpText = "Which organs.")]
    public PhantomAnatomy Anatomy { get; init; }

    [AtLeast(1)]
    [Option("train", Default = 16, HelpText = "Training subjects per modality.")]
    public int Train { get; init; }

    [AtLeast(1)]
    [Option("val", Default = 4, HelpText = "Validation subjects per modality.")]
    public int Val { get; init; }

    [AtLeast(0)]
    [Option("test", Default = 4, HelpText = "Test subjects per modality.")]
    public int Test { get; init; }

    [AtLeast(1)]
    [Option("size", Default = 128, HelpText = "Voxels along x and y.")]
    public int Size { get; init; }

    [AtLeast(1)]
    [Option("slices", Default = 24, HelpText = "Voxels along z.")]
    public int Slices { get; init; }

    [Option("seed", Default = 1UL, HelpText = "Another seed, other subjects.")]
    public ulong Seed { get; init; }

    public int Run(string[] arguments)
    {
        var options = new PhantomDatasetOptions
        {
            Anatomy = Anatomy,
            Training = Train,
            Validation = Val,
            Test = Test,
            Size = Size,
            Slices = Slices,
            Seed = Seed,
        };
        using var stop = new Runs.Progress.StopSignal();
        PhantomDataset.Write(Out, options, null, stop.Token);
        Console.WriteLine(
            $"wrote {2 * (Train + Val + Test)} phantoms to {Out}; next: {CommandText.Of("train", "--data", Out, "--out", "RUN")}"
        );
        return ExitCode.Ok;
    }
}
