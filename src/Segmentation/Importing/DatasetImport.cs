using System.IO.Compression;
using System.Text.Encodings.Web;
using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>A case that was read, and written unless nothing was to be.</summary>
/// <param name="Case">The case.</param>
/// <param name="Grid">Of its first image.</param>
/// <param name="Ways">What was done to its files, such as "copied" or "converted from .nrrd".</param>
/// <param name="Notes">Oddities of the files that were accepted.</param>
internal sealed record ImportedCase(PlannedCase Case, Geometry Grid, IReadOnlyList<string> Ways, IReadOnlyList<string> Notes);

/// <summary>
/// Reads every volume of a plan, holds it against the others of its case, and writes the new dataset: files that are .nii.gz
/// already are copied byte by byte, others get the same values of the same type as .nii.gz. The folder appears when it is whole.
/// </summary>
internal sealed class DatasetImport(ImportPlan plan, ImportOptions options)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Problems problems = Problems.Collected();
    private readonly List<ImportedCase> imported = [];

    /// <summary>What is wrong, one line each; nothing was written then.</summary>
    public IReadOnlyList<string> Errors => problems.All;

    /// <summary>The cases that were read without errors.</summary>
    public IReadOnlyList<ImportedCase> Imported => imported;

    /// <summary>Whether a folder may be written.</summary>
    /// <exception cref="UsageException">It is a file, or holds something.</exception>
    public static void RequireUnused(string folder)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new UsageException($"'{folder}': exists and is not empty; name another folder, or empty this one");
    }

    /// <summary>Reads all, and writes the dataset if nothing was wrong.</summary>
    /// <param name="folder">Of the new dataset, absent or empty; null to read only.</param>
    /// <param name="progress">Is told each case that was read.</param>
    /// <param name="stop">Ends the work between cases; nothing is left of it.</param>
    /// <returns>Whether all went well.</returns>
    public bool Run(string? folder, Action<ImportedCase> progress, CancellationToken stop)
    {
        if (folder is null)
        {
            ReadAll(null, progress, stop);
            return Errors.Count == 0;
        }

        RequireUnused(folder);
        return AtomicFile.TryFillFolder(
            folder,
            temporary =>
            {
                ReadAll(temporary, progress, stop);
                if (Errors.Count > 0)
                    return false;
                if (plan.Folds.Count > 0)
                    SplitFile.Write(Path.Combine(temporary, SplitFile.FileName), plan.Folds);
                string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
                JsonFile.Write(Path.Combine(temporary, DatasetManifest.FileName), plan.Manifest(name), Json);
                return true;
            }
        );
    }

    private void ReadAll(string? folder, Action<ImportedCase> progress, CancellationToken stop)
    {
        foreach (PlannedCase planned in plan.Cases)
        {
            stop.ThrowIfCancellationRequested();
            if (problems.Try(() => Convert(planned, folder), null) is not { } done)
                continue;
            imported.Add(done);
            progress(done);
        }
    }

    private ImportedCase? Convert(PlannedCase planned, string? folder)
    {
        bool isTest = planned.From.Part == ImportPart.Test;
        int errors = problems.All.Count;
        var ways = new List<string>();
        var notes = new List<string>();
        List<(NiftiImage Image, string? Copy)> images = Images(planned, notes);
        Geometry grid = images[0].Image.Geometry;
        foreach ((int channel, (NiftiImage image, string? copy)) in images.Index())
        {
            Require(planned, image, grid);
            if (problems.All.Count > errors)
                continue;
            ways.Add(copy is not null ? "copied" : $"converted from {VolumeOpener.KindOf(image.Path)}");
            if (folder is not null)
                Write(Target(folder, isTest ? "imagesTs" : "imagesTr", planned.Id + Channel.SuffixOf(channel)), image, copy);
        }

        if (planned.From.Label is { } path)
        {
            NiftiImage label = Open(path, planned, notes);
            Require(planned, label, grid);
            if (problems.All.Count > errors)
                return null;
            Volume<byte> map = LabelConversion.Convert(
                label,
                plan.Classes.TableOf(planned.Source),
                plan.Classes.RestIsBackground,
                out bool isSame
            );
            string? copy = isSame ? CopyOf(label) : null;
            ways.Add(
                copy is not null ? "label copied"
                : isSame ? $"label converted from {VolumeOpener.KindOf(path)}"
                : "label values changed"
            );
            if (folder is not null)
                WriteLabel(Target(folder, isTest ? "labelsTs" : "labelsTr", planned.Id), map, copy);
        }

        return problems.All.Count > errors ? null : new ImportedCase(planned, grid, [.. ways.Distinct()], notes);
    }

    /// <summary>One for each channel, with the file to copy where it needs no conversion.</summary>
    private List<(NiftiImage Image, string? Copy)> Images(PlannedCase planned, List<string> notes)
    {
        IReadOnlyList<string> files = planned.From.Images;
        int channels = plan.Channels.Count;
        if (files.Count == channels && channels > 1)
            return [.. files.Select(file => Open(file, planned, notes)).Select(image => (image, CopyOf(image)))];
        NiftiImage series = Open(files[0], planned, notes);
        if (series.Volumes != channels)
            throw new InvalidDataException(
                $"{planned.From.Where}: '{files[0]}' holds {series.Volumes} volumes, expected {channels}"
                    + (channels == 1 ? "; split a series into its volumes first" : $" ({string.Join(", ", plan.Channels)})")
            );
        return channels == 1
            ? [(series, CopyOf(series))]
            : [.. Enumerable.Range(0, channels).Select(channel => (series.Volume(channel), (string?)null))];
    }

    private NiftiImage Open(string path, PlannedCase planned, List<string> notes)
    {
        NiftiImage image = options.Opener.Open(path, planned.From.Spacing);
        if (!image.Header.DataType.IsReal())
            throw new InvalidDataException($"'{path}': its voxels are {image.Header.DataType.Name()}, expected real numbers");
        notes.AddRange(image.Notes.Select(note => $"'{path}': {note}"));
        return image;
    }

    private void Require(PlannedCase planned, NiftiImage image, Geometry grid)
    {
        if (!image.Geometry.Matches(grid, out string difference))
            problems.Add(
                $"{planned.From.Where}: '{image.Path}' does not lie on the grid of '{planned.From.Images[0]}': {difference}"
            );
        if (image.Volumes != 1)
            problems.Add($"{planned.From.Where}: '{image.Path}' holds {image.Volumes} volumes, expected one");
    }

    /// <summary>The file itself where it is what would be written; null where it has to be written anew.</summary>
    private static string? CopyOf(NiftiImage image) =>
        NiftiPaths.EndingOf(image.Path) is ".nii" or ".nii.gz" && image.Header.IsSingleFile && File.Exists(image.Path)
            ? image.Path
            : null;

    private static void Write(string target, NiftiImage image, string? copy)
    {
        if (copy is null)
            NiftiWriter.Write(target, image);
        else
            Copy(copy, target);
    }

    private static void WriteLabel(string target, Volume<byte> map, string? copy)
    {
        if (copy is null)
            NiftiWriter.Write(target, map);
        else
            Copy(copy, target);
    }

    /// <summary>Byte by byte; a file that is not compressed yet is.</summary>
    private static void Copy(string source, string target) =>
        AtomicFile.Write(
            target,
            stream =>
            {
                using FileStream from = InputFile.OpenRead(source);
                Span<byte> magic = stackalloc byte[2];
                bool isCompressed = from.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1f, 0x8b];
                from.Position = 0;
                if (isCompressed)
                {
                    from.CopyTo(stream);
                    return;
                }

                using var gzip = new GZipStream(stream, CompressionLevel.Fastest, leaveOpen: true);
                from.CopyTo(gzip);
            }
        );

    private static string Target(string folder, string part, string name)
    {
        Directory.CreateDirectory(Path.Combine(folder, part));
        return Path.Combine(folder, part, name + ".nii.gz");
    }
}
