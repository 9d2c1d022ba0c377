using System.Globalization;
using CommandLine;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Runs.Progress;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "preprocess",
    HelpText = "Write a copy of a dataset at one voxel size, to train on; predictions of its volumes return to the grids they had."
)]
internal sealed class PreprocessVerb : IVerb
{
    private const string Median = "median";

    [Option("data", Required = true, HelpText = "Dataset folder.")]
    public string Data { get; init; } = "";

    [Option("out", Required = true, HelpText = "Folder of the new dataset; a copy that was interrupted goes on.")]
    public string Out { get; init; } = "";

    [Option(
        "spacing",
        Default = Median,
        HelpText = "Voxel size in mm, left-right, front-back, feet-head, such as 3,3,5; median for that of the training cases."
    )]
    public string Spacing { get; init; } = Median;

    [Option(
        "whole-numbers",
        HelpText = "Round images that had whole numbers, as scanners store them, to whole numbers: a third of the size."
    )]
    public bool WholeNumbers { get; init; }

    [Option("threads", Default = 0, HelpText = "Volumes at a time; 0 for all cores.")]
    [AtLeast(0)]
    public int Threads { get; init; }

    public int Run(string[] arguments)
    {
        SegmentationDataset dataset = SegmentationDataset.Open(Data);
        Vector3d spacing = Spacing == Median ? DatasetPreprocessing.MedianSpacing(dataset.Cases) : Parse(Spacing);
        using var stop = new StopSignal();
        int threads = Threads == 0 ? Environment.ProcessorCount : Threads;
        DatasetPreprocessing.Run(
            dataset,
            Out,
            spacing,
            threads,
            (done, count) => Console.WriteLine($"[{done}/{count}]"),
            stop.Token,
            WholeNumbers
        );
        // To the last digit: a rounded spacing would resample the copy once more.
        string next = CommandText.Of(
            "train",
            "--data",
            Out,
            "--network",
            "unet3d",
            "--set",
            $"data.spacing={new VoxelSpacing(spacing.X, spacing.Y, spacing.Z)}",
            "--out",
            "RUN"
        );
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"voxels of {spacing.X:0.###} x {spacing.Y:0.###} x {spacing.Z:0.###} mm; next: {next}"
            )
        );
        return ExitCode.Ok;
    }

    private static Vector3d Parse(string text) =>
        VoxelSpacing.TryParse(text, CultureInfo.InvariantCulture, out VoxelSpacing spacing)
        && spacing is { X: > 0, Y: > 0, Z: > 0 }
            ? new Vector3d(spacing.X, spacing.Y, spacing.Z)
            : throw new UsageException($"--spacing '{text}': expected three numbers above 0 such as 3,3,5, or median");
}
