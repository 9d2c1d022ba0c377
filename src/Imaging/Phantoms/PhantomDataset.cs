using System.Runtime.ExceptionServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// Writes phantoms in the nnU-Net v2 raw layout: unpaired ones with the key <c>domains</c>, which says what modality a case
/// belongs to, paired ones with a channel for every sequence.
/// </summary>
public static class PhantomDataset
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// Writes imagesTr, labelsTr, imagesTs, labelsTs, splits_final.json (one fold), and last dataset.json. Cases are ct_000,
    /// mr_000, ..., or brain_000, ...; training first, then validation, then test. The same options give the same files on any
    /// number of threads.
    /// </summary>
    /// <param name="folder">Absent or empty.</param>
    /// <param name="progress">Told the cases done and the cases in all.</param>
    /// <exception cref="UsageException">A folder that holds files, an impossible size or contrast, or counts that leave nothing
    /// to
    /// train or validate on.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; without its dataset.json the folder is no data set.</exception>
    public static void Write(
        string folder,
        PhantomDatasetOptions options,
        Action<int, int>? progress = null,
        CancellationToken cancellation = default
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Training < 1 || options.Validation < 1 || options.Test < 0)
            throw new UsageException(
                $"{options.Training} training, {options.Validation} validation and {options.Test} test subjects are not "
                    + "possible: the first two must be at least 1"
            );
        PhantomGenerator.RequireSize(options.Size, options.Slices);
        PairedPhantomGenerator.RequireContrast(options.Contrast);
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new UsageException($"{folder} exists and is not empty: name another folder, or empty this one");
        var cases = Cases(options);
        foreach (var name in cases.SelectMany(c => new[] { c.ImageFolder, c.LabelFolder }).Distinct())
            Directory.CreateDirectory(Path.Combine(folder, name));
        WriteCases(folder, cases, options, progress, cancellation);
        WriteJson(Path.Combine(folder, "splits_final.json"), Splits(cases));
        WriteJson(Path.Combine(folder, "dataset.json"), Manifest(cases, options));
    }

    private static List<Case> Cases(PhantomDatasetOptions options) =>
        [
            .. from modality in options.Paired ? [null] : options.Modalities.Cast<PhantomModality?>()
            from subject in Enumerable.Range(0, options.Training + options.Validation + options.Test)
            let part = subject < options.Training ? Part.Training
            : subject < options.Training + options.Validation ? Part.Validation
            : Part.Test
            select new Case($"{modality?.ToString().ToLowerInvariant() ?? "brain"}_{subject:000}", modality, subject, part),
        ];

    private static void WriteCases(
        string folder,
        List<Case> cases,
        PhantomDatasetOptions options,
        Action<int, int>? progress,
        CancellationToken cancellation
    )
    {
        var done = 0;
        try
        {
            Parallel.ForEach(
                cases,
                new ParallelOptions { CancellationToken = cancellation },
                phantomCase =>
                {
                    WriteCase(folder, phantomCase, options);
                    progress?.Invoke(Interlocked.Increment(ref done), cases.Count);
                }
            );
        }
        catch (AggregateException failures)
        {
            // The caller wants the full disk itself, not a collection of it.
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }

    private static void WriteCase(string folder, Case phantomCase, PhantomDatasetOptions options)
    {
        var (images, labels) = Create(phantomCase, options);
        foreach (var (channel, image) in images.Index())
            NiftiWriter.Write(Path.Combine(folder, phantomCase.ImageFolder, $"{phantomCase.Name}_{channel:0000}.nii.gz"), image);
        NiftiWriter.Write(Path.Combine(folder, phantomCase.LabelFolder, $"{phantomCase.Name}.nii.gz"), labels);
    }

    private static PairedPhantom Create(Case phantomCase, PhantomDatasetOptions options)
    {
        if (phantomCase.Modality is not { } modality)
            return PairedPhantomGenerator.Create(
                phantomCase.Subject,
                options.Seed,
                options.Size,
                options.Slices,
                options.Contrast
            );
        var (image, labels) = PhantomGenerator.Create(
            options.Anatomy,
            modality,
            phantomCase.Subject,
            options.Seed,
            options.Size,
            options.Slices,
            options.Relation
        );
        return new PairedPhantom([image], labels);
    }

    private static JsonObject Manifest(List<Case> cases, PhantomDatasetOptions options)
    {
        var labels = new JsonObject { ["background"] = 0 };
        var names = options.Paired ? PairedPhantomGenerator.LabelNames : PhantomGenerator.LabelNames(options.Anatomy);
        foreach (var (index, name) in names.Index())
            labels[name] = index + 1;
        string[] channels = options.Paired ? Enum.GetNames<MrSequence>() : ["intensity"];
        var manifest = new JsonObject
        {
            ["name"] = options.Paired ? "PhantomBrain" : $"Phantom{options.Anatomy}",
            ["description"] = options.Paired
                ? FormattableString.Invariant(
                    $"Made-up co-registered MR-like volumes, seed {options.Seed}, lesion contrast {options.Contrast} in T1"
                )
                : $"Made-up unpaired {string.Join(" and ", options.Modalities.Select(m => $"{m}-like"))} volumes, seed {options.Seed}"
                    + (
                        options.Relation == PhantomRelation.Usual
                            ? ""
                            : $", relation {options.Relation.ToString().ToLowerInvariant()}"
                    ),
            ["channel_names"] = new JsonObject(
                channels.Index().Select(c => KeyValuePair.Create($"{c.Index}", (JsonNode?)JsonValue.Create(c.Item)))
            ),
            ["labels"] = labels,
            ["file_ending"] = ".nii.gz",
            ["numTraining"] = cases.Count(c => c.Part != Part.Test),
        };
        if (!options.Paired)
            manifest["domains"] = Domains(cases);
        return manifest;
    }

    private static JsonObject Domains(List<Case> cases)
    {
        var domains = new JsonObject();
        foreach (var modality in cases.GroupBy(c => c.Modality))
            domains[modality.Key.ToString()!] = Names(modality);
        return domains;
    }

    private static JsonArray Splits(List<Case> cases) =>
        [
            new JsonObject
            {
                ["train"] = Names(cases.Where(c => c.Part == Part.Training)),
                ["val"] = Names(cases.Where(c => c.Part == Part.Validation)),
            },
        ];

    private static JsonArray Names(IEnumerable<Case> cases) => [.. cases.Select(c => JsonValue.Create(c.Name))];

    private static void WriteJson(string path, JsonNode json) => JsonFile.Write(path, json, Json);

    private enum Part
    {
        Training,
        Validation,
        Test,
    }

    /// <param name="Modality">Null for all sequences of a paired phantom.</param>
    private sealed record Case(string Name, PhantomModality? Modality, int Subject, Part Part)
    {
        public string ImageFolder => Part == Part.Test ? "imagesTs" : "imagesTr";

        public string LabelFolder => Part == Part.Test ? "labelsTs" : "labelsTr";
    }
}
