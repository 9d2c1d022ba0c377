using CommandLine;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("images", HelpText = "Write a dataset of made-up images with labels: drawn shapes, or garments on canvases.")]
internal sealed class ImagesVerb : IVerb
{
    [Option(
        "kind",
        Default = GeneratedKind.Shapes10,
        HelpText = "shapes10: 32x32, one of ten shapes each. shapesmultilabel: 96x96, one to four shapes of six classes, with "
            + "proposals. garments: the same of the grey images of --garments."
    )]
    public GeneratedKind Kind { get; init; }

    [Option("out", Required = true, HelpText = "Folder for the dataset; must be new or empty.")]
    public string Out { get; init; } = "";

    [Option("garments", HelpText = "With --kind garments: folder of grey images with one label each, such as Fashion-MNIST.")]
    public string? Garments { get; init; }

    [AtLeast(1)]
    [Option("train", Default = 2000, HelpText = "Training images.")]
    public int Train { get; init; }

    [AtLeast(0)]
    [Option("test", Default = 500, HelpText = "Test images.")]
    public int Test { get; init; }

    [AtLeast(16)]
    [Option("proposals", Default = 40, HelpText = "Proposals of an image with several objects.")]
    public int Proposals { get; init; }

    [Option("seed", Default = 1UL, HelpText = "Another seed, other images.")]
    public ulong Seed { get; init; }

    public int Run(string[] arguments)
    {
        if (Garments is null == (Kind == GeneratedKind.Garments))
            throw new UsageException(
                Garments is null
                    ? "--kind garments needs --garments, a folder such as tools/fetch-fashion-mnist.sh prints"
                    : "--garments is for --kind garments; leave it out"
            );
        using var stop = new Runs.Progress.StopSignal();
        GeneratedImages.Write(
            Out,
            new GeneratedImagesOptions
            {
                Kind = Kind,
                Train = Train,
                Test = Test,
                Proposals = Proposals,
                Seed = Seed,
                Garments = Garments is null ? null : ImageDataset.Open(Garments),
            },
            stop.Token
        );
        Console.WriteLine($"{Out}: {Train} training and {Test} test images");
        return ExitCode.Ok;
    }
}
