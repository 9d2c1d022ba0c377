using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Evaluation;

/// <summary>What a dataset.json in or beside a folder of references says of them.</summary>
/// <param name="Labels">Class names, and what is ignored; null where there is no such file or its labels are of another
/// kind.</param>
/// <param name="Manifest">All of it; null for other programs' datasets, which need not name modalities.</param>
/// <param name="Note">Why the file is not used, in one line; null where it is, or where there is none.</param>
internal sealed record ReferenceDescription(DatasetLabels? Labels, DatasetManifest? Manifest, string? Note)
{
    public static ReferenceDescription Find(string references)
    {
        string[] places =
        [
            Path.Combine(references, DatasetManifest.FileName),
            Path.Combine(references, "..", DatasetManifest.FileName),
        ];
        return places.FirstOrDefault(File.Exists) is { } path ? Read(path) : new ReferenceDescription(null, null, null);
    }

    private static ReferenceDescription Read(string path)
    {
        try
        {
            var labels = DatasetManifest.ReadLabels(path);
            return new ReferenceDescription(labels, TryReadAll(path), null);
        }
        catch (InvalidDataException e)
        {
            return new ReferenceDescription(null, null, $"{e.Message}; classes are numbered");
        }
    }

    private static DatasetManifest? TryReadAll(string path)
    {
        try
        {
            return DatasetManifest.Read(path);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
