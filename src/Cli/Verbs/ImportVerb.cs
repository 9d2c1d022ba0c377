using System.Globalization;
using CommandLine;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Runs.Progress;
using UnpairedSegEngine.Segmentation.Importing;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "import",
    HelpText = "Make a dataset of other people's: Medical Segmentation Decathlon, nnU-Net v1 and v2, CSV, plain folders; NIfTI, NRRD and MetaImage files, PNG slices, DICOM series."
)]
internal sealed class ImportVerb : IVerb
{
    [Value(
        0,
        Min = 1,
        MetaName = "SOURCE",
        HelpText = "Datasets that become one, each a folder or a CSV file; CT=FOLDER says of which modality its cases are."
    )]
    public IEnumerable<string> Sources { get; init; } = [];

    [Option("out", HelpText = "Folder of the new dataset; must be new or empty.")]
    public string? Out { get; init; }

    [Option("labels", HelpText = "Folder of labels, where SOURCE is a plain folder of images.")]
    public string? Labels { get; init; }

    [Option(
        "classes",
        Separator = ',',
        HelpText = "Classes of the new dataset without the background: liver,spleen for some of the source's, or liver=63,spleen=252 with values in the labels."
    )]
    public IEnumerable<string> Classes { get; init; } = [];

    [Option(
        "rest-is-background",
        HelpText = "Labels that are none of the classes become background; without it they are refused."
    )]
    public bool RestIsBackground { get; init; }

    [Option("spacing", HelpText = "Of PNG slices: width and height of a pixel and distance of slices in mm, such as 0.7,0.7,3.")]
    public string? Spacing { get; init; }

    [Option("dry-run", HelpText = "Read and check everything, say what would be written, and write nothing.")]
    public bool DryRun { get; init; }

    public int Run(string[] arguments)
    {
        if (Out is null && !DryRun)
            throw new UsageException("--out: name the folder of the new dataset, or add --dry-run to see what it would hold");
        if (Out is not null)
            DatasetImport.RequireUnused(Out);
        var options = new ImportOptions
        {
            Sources = [.. Sources.Select(SourceOf)],
            LabelFolder = Labels,
            Classes = Classes.Any() ? [.. Classes.Select(ClassOf)] : null,
            RestIsBackground = RestIsBackground,
            Opener = new VolumeOpener(Spacing is null ? null : SpacingOf(Spacing)),
        };
        ImportPlan plan = new ImportPlanner(options).Plan();
        using var stop = new StopSignal();
        var import = new DatasetImport(plan, options);
        foreach (string note in plan.Notes)
            Console.WriteLine($"note: {OneLine.Of(note)}");
        bool isDone = import.Run(DryRun ? null : Out, Tell, stop.Token);
        foreach (string error in import.Errors)
            Console.Error.WriteLine($"unpairedseg: {OneLine.Of(error)}");
        if (!isDone)
        {
            Console.Error.WriteLine(
                $"unpairedseg: {import.Errors.Count} problems in {plan.Cases.Count} cases: nothing was written"
            );
            return ExitCode.BadData;
        }

        Console.WriteLine(
            $"{(DryRun ? "would write" : "wrote")} {plan.Cases.Count} cases, classes {string.Join(", ", plan.Classes.Names)}"
                + (Out is null ? "" : $", to {Out}")
                + (DryRun ? "" : $"; next: {CommandText.Of("inspect", Out!)}")
        );
        return ExitCode.Ok;
    }

    private static void Tell(ImportedCase done)
    {
        PlannedCase planned = done.Case;
        string spacing = string.Create(
            CultureInfo.InvariantCulture,
            $"{done.Grid.Spacing.X:G4} x {done.Grid.Spacing.Y:G4} x {done.Grid.Spacing.Z:G4} mm"
        );
        Console.WriteLine(
            OneLine.Of(
                $"{planned.Id, -20} {planned.Modality ?? "", -4} {planned.From.Part.ToString().ToLowerInvariant(), -10} "
                    + $"{done.Grid.ShapeText(), -14} {spacing, -26} {done.Grid.AxisCodes} {string.Join(", ", done.Ways)}"
                    + (planned.From.Group is { } group ? $", group {group}" : "")
            )
        );
        foreach (string note in done.Notes)
            Console.WriteLine($"  note: {OneLine.Of(note)}");
    }

    /// <summary>"CT=FOLDER", or a path as it stands.</summary>
    private static (string?, string) SourceOf(string text)
    {
        bool exists = File.Exists(text) || Directory.Exists(text);
        return !exists && text.IndexOf('=') is > 0 and var at ? (text[..at], text[(at + 1)..]) : (null, text);
    }

    private static Vector3d SpacingOf(string text) =>
        VolumeOpener.ParseSpacing(text)
        ?? throw new UsageException($"--spacing '{text}': expected three numbers above 0 such as 0.7,0.7,3");

    private static ClassChoice ClassOf(string text)
    {
        if (text.LastIndexOf('=') is not (> 0 and var at))
            return new ClassChoice(text.Trim(), null);
        return
            int.TryParse(text.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            && value is > 0 and <= ushort.MaxValue
            ? new ClassChoice(text[..at].Trim(), value)
            : throw new UsageException($"--classes '{text}': expected NAME or NAME=VALUE, the value from 1 to {ushort.MaxValue}");
    }
}
