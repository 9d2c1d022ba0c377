using CommandLine;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Evaluation;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Averaging over transformed inputs.</summary>
internal enum TestTimeAugmentation
{
    None,
    Mirror,
}

/// <summary>A verb that predicts whole volumes: how blocks become volumes, and what is done to the result.</summary>
internal abstract class VolumePredictionVerb : DeviceVerb
{
    private const string AllOrgans = "all";
    private const string LargestComponentOption = "--largest-component";

    [Option("last", HelpText = "The newest weights instead of those with the best validation.")]
    public bool Last { get; init; }

    [Option("overlap", Default = 0.5, HelpText = "Share of a block that its neighbour covers, too (unet3d): from 0 to below 1.")]
    public double Overlap { get; init; }

    [Option(
        "blend",
        Default = BlockBlending.Gaussian,
        HelpText = "How overlapping blocks become one (unet3d): gaussian, uniform or nearest."
    )]
    public BlockBlending Blend { get; init; }

    [Option(
        "tta",
        Default = TestTimeAugmentation.None,
        HelpText = "Test-time augmentation: mirror averages with the prediction of the image mirrored left and right; "
            + "for runs trained with augmentation.flip."
    )]
    public TestTimeAugmentation Tta { get; init; }

    [Option(
        "largest-component",
        HelpText = "Organs of which only the largest connected part is kept, separated by commas, or all."
    )]
    public IEnumerable<string> LargestComponent { get; init; } = [];

    [Option("overwrite", HelpText = ResultFiles.OverwriteHelp)]
    public bool Overwrite { get; init; }

    [AtLeast(0)]
    [Option("threads", Default = 0, HelpText = "Threads; 0 for all cores.")]
    public int Threads { get; init; }

    protected PredictionSettings Prediction =>
        new PredictionSettings(Overlap, Blend, Mirror: Tta == TestTimeAugmentation.Mirror).Validate();

    protected TrainedRun OpenModel(string run, Backends.Backend backend)
    {
        TrainedRun model = TrainedRun.Open(run, backend, Last, Console.Error.WriteLine, Prediction);
        if (Tta == TestTimeAugmentation.Mirror && !(model.Folder.Config.Augmentation is { Enabled: true, Flip: > 0 }))
            Console.Error.WriteLine(
                "warning: the run was trained without mirroring (augmentation.flip is 0); --tta mirror may mix up left "
                    + "and right organs"
            );
        return model;
    }

    /// <summary>Removes all but the largest part of the organs that were asked for.</summary>
    /// <exception cref="UsageException">The model knows no such organ.</exception>
    protected void KeepLargest(Volume<byte> labels, IReadOnlyList<string> classes)
    {
        foreach (int label in LargestLabels(classes))
            Components.KeepLargest(labels, (byte)label);
    }

    /// <exception cref="UsageException">The model knows no such organ: told before any volume is predicted.</exception>
    protected void RequireKnownOrgans(IReadOnlyList<string> classes) => LargestLabels(classes);

    /// <summary>Something that a person should know, though the work goes on.</summary>
    protected static void Warn(string line) => Console.Error.WriteLine($"warning: {OneLine.Of(line)}");

    protected static void Note(string line) => Console.Error.WriteLine($"note: {OneLine.Of(line)}");

    /// <summary>Lists files that did not stop the work.</summary>
    /// <returns>The exit code.</returns>
    protected static int ReportFailed(IReadOnlyList<FailedCase> failed, int all, string what)
    {
        if (failed.Count == 0)
            return ExitCode.Ok;
        Console.Error.WriteLine($"unpairedseg: {failed.Count} of {all} {what}:");
        foreach (FailedCase one in failed)
            Console.Error.WriteLine(
                $"  {OneLine.Of(one.Reason.Contains(one.Id, StringComparison.Ordinal) ? one.Reason : $"{one.Id}: {one.Reason}")}"
            );
        return ExitCode.BadData;
    }

    private int[] LargestLabels(IReadOnlyList<string> classes)
    {
        string[] names = NameList.Parse(LargestComponentOption, LargestComponent);
        if (names is not [AllOrgans])
            return [.. names.Select(name => LabelOf(name, classes))];
        return classes.Contains(AllOrgans) && classes.Count > 2
            ? throw new UsageException(
                $"{LargestComponentOption} {AllOrgans}: is the name of a class, too; name all organs instead: "
                    + $"{string.Join(", ", classes.Skip(1))}"
            )
            : [.. Enumerable.Range(1, classes.Count - 1)];
    }

    private static int LabelOf(string name, IReadOnlyList<string> classes)
    {
        int label = classes.ToList().IndexOf(name);
        return label > 0
            ? label
            : throw new UsageException(
                $"{LargestComponentOption} '{name}': the model knows {string.Join(", ", classes.Skip(1))}, or take all"
            );
    }
}
