using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Importing;

/// <summary>
/// A CSV file with the columns image and label (paths, relative to the file), and, if wanted, modality, group, case and split
/// (train, val or test), and spacing of PNG slices.
/// </summary>
internal sealed class CsvFormat : IImportFormat
{
    private const string Image = "image",
        Label = "label";

    private static readonly string[] Optional = ["modality", "group", "case", "split", "spacing"];

    public string Description => "CSV (columns image, label, modality, group, case, split, spacing)";

    public bool IsIn(string path) => File.Exists(path) && path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);

    public ImportSource Read(string path, ImportOptions options)
    {
        CsvRows rows = CsvRows.Open(path);
        string[] optional = [.. Optional.Where(rows.Has)];
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return new ImportSource(path, "CSV", [.. rows.Select([Image, Label, .. optional]).Select(Case)]);

        ImportCase Case(CsvRows.Row row)
        {
            string? Value(string column) =>
                Array.IndexOf(optional, column) is >= 0 and var index && row.Fields[index + 2] is { Length: > 0 } text
                    ? text
                    : null;
            if (row.Fields[0].Length == 0)
                throw row.Refuse("image is empty");
            ImportPart part = Value("split")?.ToLowerInvariant() switch
            {
                null or "train" => ImportPart.Train,
                "val" or "validation" => ImportPart.Validation,
                "test" => ImportPart.Test,
                var other => throw row.Refuse($"split is '{other}', expected train, val or test"),
            };
            if (row.Fields[1].Length == 0 && part != ImportPart.Test)
                throw row.Refuse("label is empty; only cases whose split is test may have none");
            string image = Path.Combine(folder, row.Fields[0]);
            return new ImportCase(
                Value("case") ?? PlainFolderFormat.CaseOf(VolumeOpener.NameOf(image)),
                [image],
                row.Fields[1].Length == 0 ? null : Path.Combine(folder, row.Fields[1]),
                $"'{path}', line {row.Line}"
            )
            {
                Modality = Value("modality"),
                Group = Value("group"),
                Part = part,
                Spacing = Value("spacing") is { } spacing
                    ? VolumeOpener.ParseSpacing(spacing)
                        ?? throw row.Refuse($"spacing is '{spacing}', expected three numbers above 0 such as 0.7 0.7 3")
                    : null,
            };
        }
    }
}
