namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// A folder of TFRecords of slices, such as the pre-processed cardiac release of the method's authors. Which file is whose is
/// said by lists (text files of one path per
/// line, as <c>mr_train_list</c>, <c>ct_val_list</c>), or, without any, by the names of the files and their folders
/// (<c>training_ct.tfrecords</c>, <c>ct_train_tfs/...</c>):
/// a word for the part (train, training, val, validation) beside the modality's name.
/// </summary>
public sealed class TfRecordDataset
{
    // Of the cardiac release (MMWHS 2017).
    private static readonly string[] CardiacClasses =
    [
        "background",
        "LV myocardium",
        "left atrium",
        "left ventricle",
        "ascending aorta",
    ];

    private readonly IReadOnlyDictionary<string, IReadOnlyList<string>> training,
        validation;

    private TfRecordDataset(
        string folder,
        Dictionary<string, IReadOnlyList<string>> training,
        Dictionary<string, IReadOnlyList<string>> validation
    )
    {
        (Folder, this.training, this.validation) = (folder, training, validation);
        Modalities = [.. training.Keys.Order(StringComparer.Ordinal).Select((name, index) => new Modality(name, index))];
        Training = new TfRecordSource([.. Modalities.Select(m => (m.Name, training[m.Name]))], ClassNames.Count);
    }

    /// <summary>The folder, as it was given.</summary>
    public string Folder { get; }

    /// <summary>Those with training records, by name in ordinal order.</summary>
    public IReadOnlyList<Modality> Modalities { get; }

    /// <summary>Background first; the records have no names, so these are always those of the cardiac release.</summary>
    public IReadOnlyList<string> ClassNames => CardiacClasses;

    /// <summary>The training records.</summary>
    public TfRecordSource Training { get; }

    /// <summary>
    /// What a person should know before training: a modality that no checkpoint is chosen by, files that are trained and
    /// validated on.
    /// </summary>
    public IReadOnlyList<string> Warnings =>
        [
            .. Modalities
                .Where(m => validation.Count > 0 && !validation.ContainsKey(m.Name))
                .Select(m => $"modality {m.Name} has no records for validation: the best step is chosen without it"),
            .. training
                .Values.SelectMany(files => files)
                .Intersect(validation.Values.SelectMany(files => files))
                .Take(1)
                .Select(path => $"'{path}' is both for training and for validation"),
        ];

    /// <summary>Whether a folder holds TFRecords, and no dataset of volumes.</summary>
    public static bool Exists(string folder) =>
        Directory.Exists(folder)
        && !File.Exists(Path.Combine(folder, DatasetManifest.FileName))
        && new TfRecordFolder(folder).Records.Count > 0;

    /// <summary>Finds the records and reads where each begins.</summary>
    /// <exception cref="InvalidDataException">A file is damaged, compressed or missing, or nothing says whose its records are or
    /// whether they are for training.</exception>
    public static TfRecordDataset Open(string folder)
    {
        var found = new TfRecordFolder(folder);
        string[] lists = [.. found.Others.Where(path => TfRecordRole.IsList(Path.GetFileNameWithoutExtension(path)))];
        (TfRecordRole Role, IReadOnlyList<string> Files)[] parts =
            lists.Length > 0
                ?
                [
                    .. lists.Select(list =>
                        (TfRecordRole.Of(Path.GetFileNameWithoutExtension(list)) ?? throw NoRole(list), found.ReadList(list))
                    ),
                ]
                :
                [
                    .. found.Records.Select(path =>
                        (
                            TfRecordRole.Of(TfRecordFolder.NameOf(path))
                                ?? TfRecordRole.Of(Path.GetFileName(Path.GetDirectoryName(path)!))
                                ?? throw NoRole(path),
                            (IReadOnlyList<string>)[path]
                        )
                    ),
                ];

        Dictionary<string, IReadOnlyList<string>> training = ByModality(parts, TfRecordRole.Training),
            validation = ByModality(parts, TfRecordRole.Validation);
        if (validation.Keys.Except(training.Keys).Order(StringComparer.Ordinal).FirstOrDefault() is { } untrained)
            throw new InvalidDataException(
                $"'{folder}': modality {untrained} has records for validation ('{validation[untrained][0]}') but none for "
                    + "training, expected at least one"
            );
        return training.Count > 0
            ? new TfRecordDataset(folder, training, validation)
            : throw new InvalidDataException(
                $"'{folder}': nothing says which TFRecords are for training; add lists such as ct_train_list and "
                    + "mr_train_list with one path per line, or name the files so"
            );
    }

    /// <summary>The validation records of each modality that has some.</summary>
    public (Modality Modality, TfRecordSource Records)[] OpenValidation() =>
        [
            .. Modalities
                .Where(m => validation.ContainsKey(m.Name))
                .Select(m => (m, new TfRecordSource([(m.Name, validation[m.Name])], ClassNames.Count))),
        ];

    /// <summary>The files that are used, by name below the folder.</summary>
    internal IReadOnlyList<RecordFile> Files =>
        [
            .. from part in new[] { (Files: training, IsTraining: true), (Files: validation, IsTraining: false) }
            from modality in part.Files
            from path in modality.Value
            orderby path
            select RecordFile.Of(Folder, path, part.IsTraining, modality.Key),
        ];

    /// <summary>How many records of which modalities it trains on, and the size of one.</summary>
    public override string ToString() =>
        $"{Training.Count} records of {string.Join(" and ", Modalities.Select(m => m.Name))}, {Training.Shape}";

    private static Dictionary<string, IReadOnlyList<string>> ByModality(
        IEnumerable<(TfRecordRole Role, IReadOnlyList<string> Files)> parts,
        string part
    ) =>
        parts
            .Where(p => p.Role.Part == part)
            .GroupBy(p => p.Role.Modality)
            .ToDictionary(group => group.Key, group => (IReadOnlyList<string>)[.. group.SelectMany(p => p.Files).Distinct()]);

    private static InvalidDataException NoRole(string path) =>
        new(
            $"'{path}': its name does not say whose records these are and what for: name it such as ct_train, mr_val or "
                + "ct_test, or say it in lists such as ct_train_list with one path per line"
        );
}
