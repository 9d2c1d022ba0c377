using System.Text.RegularExpressions;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// A folder of TFRecords of slices, such as the pre-processed cardiac release of the method's authors. Which file is whose is said by lists (text files of one path per
/// line, as <c>mr_train_list</c>, <c>ct_val_list</c>), or, without any, by the names of the files and their folders (<c>training_ct.tfrecords</c>, <c>ct_train_tfs/...</c>):
/// a word for the part (train, training, val, validation) beside the modality's name.
/// </summary>
public sealed partial class TfRecordDataset
{
    private const string Ending = ".tfrecord";

    // Of the cardiac release (MMWHS 2017).
    private static readonly string[] CardiacClasses = ["background", "LV myocardium", "left atrium", "left ventricle", "ascending aorta"];

    private readonly IReadOnlyDictionary<string, IReadOnlyList<string>> training, validation;

    private TfRecordDataset(string folder, Dictionary<string, IReadOnlyList<string>> training, Dictionary<string, IReadOnlyList<string>> validation)
    {
        (Folder, this.training, this.validation) = (folder, training, validation);
        Modalities = [.. training.Keys.Order(StringComparer.Ordinal).Select((name, index) => new Modality(name, index))];
        Training = new TfRecordSource([.. Modalities.Select(m => (m.Name, training[m.Name]))], ClassNames.Count);
    }

    public string Folder { get; }

    public IReadOnlyList<Modality> Modalities { get; }

    public IReadOnlyList<string> ClassNames => CardiacClasses;

    /// <summary>The training records.</summary>
    public TfRecordSource Training { get; }

    /// <summary>Whether a folder holds TFRecords, and no dataset of volumes.</summary>
    public static bool Exists(string folder) => Directory.Exists(folder) && !File.Exists(Path.Combine(folder, DatasetManifest.FileName)) && Records(folder).Any();

    /// <summary>Finds the records and reads where each begins.</summary>
    /// <exception cref="InvalidDataException">A file is damaged or missing, or nothing says whose records are for training.</exception>
    public static TfRecordDataset Open(string folder)
    {
        var byName = new Lazy<ILookup<string, string>>(() => Records(folder).ToLookup(path => Path.GetFileName(path)));
        (string Modality, bool IsTraining, IReadOnlyList<string> Files)[] lists = [..
            from path in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            where !IsRecord(path) && Words().Split(Path.GetFileName(path)).Contains("list", StringComparer.OrdinalIgnoreCase)
            let role = RoleOf(Path.GetFileName(path))
            where role is not null
            select (role.Value.Modality, role.Value.IsTraining, ReadList(folder, path, byName))];
        if (lists.Length == 0)
        {
            lists = [..
                from path in Records(folder)
                let role = RoleOf(Path.GetFileName(path)) ?? RoleOf(Path.GetFileName(Path.GetDirectoryName(path)!))
                where role is not null
                select (role.Value.Modality, role.Value.IsTraining, (IReadOnlyList<string>)[path])];
        }

        Dictionary<string, IReadOnlyList<string>> training = ByModality(lists.Where(l => l.IsTraining)), validation = ByModality(lists.Where(l => !l.IsTraining));
        return training.Count > 0
            ? new TfRecordDataset(folder, training, validation)
            : throw new InvalidDataException($"'{folder}': nothing says which TFRecords are for training; add lists such as ct_train_list and mr_train_list with one path per line, or name the files so");
    }

    /// <summary>The validation records of each modality that has some.</summary>
    public (Modality Modality, TfRecordSource Records)[] OpenValidation()
        => [.. Modalities.Where(m => validation.ContainsKey(m.Name)).Select(m => (m, new TfRecordSource([(m.Name, validation[m.Name])], ClassNames.Count)))];

    /// <summary>What a network that is trained on the records must be told: intensities are normalized already.</summary>
    public ModelDescription Describe() => new(
        [.. Modalities.Select(m => m.Name)], ClassNames, [.. Modalities.Select(_ => IntensityNormalization.Parse("none").ToString())], Training.Shape.Height, Training.Shape.Channels);

    /// <summary>The files that are used, by name below the folder.</summary>
    internal IReadOnlyList<RecordFile> Files => [..
        from part in new[] { (Files: training, IsTraining: true), (Files: validation, IsTraining: false) }
        from modality in part.Files
        from path in modality.Value
        orderby path
        select RecordFile.Of(Folder, path, part.IsTraining, modality.Key)];

    public override string ToString() => $"{Training.Count} records of {string.Join(" and ", Modalities.Select(m => m.Name))}, {Training.Shape}";

    private static Dictionary<string, IReadOnlyList<string>> ByModality(IEnumerable<(string Modality, bool IsTraining, IReadOnlyList<string> Files)> lists)
        => lists.GroupBy(l => l.Modality).ToDictionary(group => group.Key, group => (IReadOnlyList<string>)[.. group.SelectMany(l => l.Files)]);

    private static IEnumerable<string> Records(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(IsRecord).Order(StringComparer.Ordinal);

    private static bool IsRecord(string path) => Path.GetExtension(path).StartsWith(Ending, StringComparison.OrdinalIgnoreCase);

    /// <summary>The one word of a name that is left beside that for its part and those that say what kind of file it is.</summary>
    private static (string Modality, bool IsTraining)? RoleOf(string name)
    {
        string[] words = [.. Words().Split(Path.GetFileNameWithoutExtension(name)).Select(word => word.ToLowerInvariant())];
        bool isTraining = words.Any(word => word is "train" or "training"), isValidation = words.Any(word => word is "val" or "valid" or "validation");
        string[] rest = [.. words.Where(word => word.Length > 0 && word is not ("train" or "training" or "val" or "valid" or "validation" or "list" or "tfs" or "tf") && !word.All(char.IsDigit))];
        return isTraining != isValidation && rest.Length == 1 ? (rest[0].ToUpperInvariant(), isTraining) : null;
    }

    /// <summary>The files of a list, by their paths or, since the release's lists name them as they lay on the authors' machine, by their names.</summary>
    private static List<string> ReadList(string folder, string list, Lazy<ILookup<string, string>> byName)
    {
        var files = new List<string>();
        foreach (string line in File.ReadLines(list).Select(line => line.Trim()).Where(line => line.Length > 0))
        {
            string? file = new[] { Path.Combine(folder, line), Path.Combine(Path.GetDirectoryName(list)!, line) }.FirstOrDefault(File.Exists)
                ?? byName.Value[Path.GetFileName(line)].FirstOrDefault();
            files.Add(file ?? throw new InvalidDataException($"'{list}': names '{line}', which is not below '{folder}'"));
        }

        return files;
    }

    [GeneratedRegex("[^A-Za-z0-9]+")]
    private static partial Regex Words();
}
