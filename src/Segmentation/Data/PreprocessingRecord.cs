using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>What was done to the volumes of a dataset, so that a prediction can be brought back: kept as preprocessing.json in the new dataset's folder.</summary>
/// <param name="Spacing">mm along x, y and z.</param>
/// <param name="Axes">Orientation of the new volumes.</param>
/// <param name="Cases">The grid that each case had.</param>
public sealed record PreprocessingRecord(IReadOnlyList<double> Spacing, string Axes, IReadOnlyDictionary<string, OriginalGrid> Cases)
{
    public const string FileName = "preprocessing.json";

    /// <summary>What the volumes were made from, for each case that is done.</summary>
    public IReadOnlyDictionary<string, CaseFingerprint> Sources { get; init; } = new Dictionary<string, CaseFingerprint>();

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The record of a dataset folder; null where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static PreprocessingRecord? Find(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            return null;
        return JsonFile.Read<PreprocessingRecord>(path, Format) is { Spacing.Count: 3, Axes: not null, Cases: not null } record
            ? record
            : throw new InvalidDataException($"'{path}': has no spacing, axes or cases");
    }

    /// <summary>The grid that the case of an image file had before it was preprocessed; null for a file of no preprocessed dataset.</summary>
    /// <param name="imagePath">A file in a folder such as imagesTs of the dataset.</param>
    /// <param name="caseId">Its case.</param>
    public static Geometry? OriginalOf(string imagePath, string caseId)
        => Path.GetDirectoryName(Path.GetDirectoryName(Path.GetFullPath(imagePath))) is { } folder && Find(folder) is { } record && record.Cases.TryGetValue(caseId, out OriginalGrid? grid)
            ? grid.ToGeometry()
            : null;

    /// <summary>Brings a label map of a preprocessed volume back to the grid that the volume had, by nearest neighbour.</summary>
    public static Volume<byte> Restore(Volume<byte> labels, Geometry original)
    {
        Geometry canonical = Orientation.Reorient(new Volume<byte>(original), labels.Geometry.AxisCodes).Geometry;
        return new Volume<byte>(original, Orientation.Reorient(Resampling.Nearest(labels, canonical), original.AxisCodes).Voxels);
    }

    /// <summary>The same with one case more.</summary>
    public PreprocessingRecord With(string caseId, OriginalGrid grid, CaseFingerprint source) => this with
    {
        Cases = new SortedDictionary<string, OriginalGrid>(Cases.ToDictionary(), StringComparer.Ordinal) { [caseId] = grid },
        Sources = new SortedDictionary<string, CaseFingerprint>(Sources.ToDictionary(), StringComparer.Ordinal) { [caseId] = source },
    };

    public void Write(string folder) => AtomicFile.Write(Path.Combine(folder, FileName), stream => JsonSerializer.Serialize(stream, this, Format));
}

/// <summary>A voxel grid in JSON.</summary>
/// <param name="Shape">Voxels along x, y and z.</param>
/// <param name="Affine">World position of a step along x, y and z, and of the first voxel: four times three numbers, RAS+ mm.</param>
public sealed record OriginalGrid(IReadOnlyList<int> Shape, IReadOnlyList<double> Affine)
{
    public static OriginalGrid Of(Geometry geometry)
        => new([geometry.X, geometry.Y, geometry.Z], [.. new[] { geometry.Affine.I, geometry.Affine.J, geometry.Affine.K, geometry.Affine.Origin }.SelectMany(v => new[] { v.X, v.Y, v.Z })]);

    /// <exception cref="InvalidDataException">There are not three sizes and twelve numbers.</exception>
    public Geometry ToGeometry()
    {
        if (Shape is not { Count: 3 } || Affine is not { Count: 12 })
            throw new InvalidDataException($"{PreprocessingRecord.FileName}: a case has no three sizes and twelve numbers of its affine");
        Vector3d[] columns = [.. Affine.Chunk(3).Select(c => new Vector3d(c[0], c[1], c[2]))];
        return new Geometry(Shape[0], Shape[1], Shape[2], new Affine(columns[0], columns[1], columns[2], columns[3]));
    }
}
