using System.Text.Json;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// What was done to the volumes of a dataset, so that a prediction can be brought back: kept as preprocessing.json in the new
/// dataset's folder.
/// </summary>
/// <param name="Spacing">mm along x, y and z.</param>
/// <param name="Axes">Orientation of the new volumes.</param>
/// <param name="Cases">The grid that each case had.</param>
public sealed record PreprocessingRecord(
    IReadOnlyList<double> Spacing,
    string Axes,
    IReadOnlyDictionary<string, OriginalGrid> Cases
)
{
    /// <summary>Name of the file in the folder of the new dataset.</summary>
    public const string FileName = "preprocessing.json";

    /// <summary>What the volumes were made from, for each case that is done.</summary>
    public IReadOnlyDictionary<string, CaseFingerprint> Sources { get; init; } = new Dictionary<string, CaseFingerprint>();

    /// <summary>Whether images of whole numbers were rounded to whole numbers.</summary>
    public bool WholeNumbers { get; init; }

    // Resampling's own.
    private const double ParallelTolerance = 1e-4;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The record of a dataset folder; null where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is damaged; the message names file and field.</exception>
    public static PreprocessingRecord? Find(string folder)
    {
        string path = PathIn(folder);
        if (!File.Exists(path))
            return null;
        PreprocessingRecord record = JsonFile.Read<PreprocessingRecord>(path, Format);
        if (record.Spacing is not { Count: 3 } || !record.Spacing.All(side => side > 0 && double.IsFinite(side)))
            throw new InvalidDataException($"'{path}': spacing is missing or not three lengths in mm");
        if (record.Axes is not { Length: 3 })
            throw new InvalidDataException($"'{path}': axes is missing or no frame such as LAS");
        if (
            record.Sources is null
            || record.Sources.Values.Any(source =>
                source is not { Modality: not null, Shape: not null, Affine: not null, Image: not null }
            )
        )
            throw new InvalidDataException($"'{path}': sources has a case without modality, shape, affine or image");
        return record.Cases is not null ? record : throw new InvalidDataException($"'{path}': cases is missing");
    }

    /// <summary>
    /// The grid that the case of an image file had before it was preprocessed; null for a file of no preprocessed dataset.
    /// </summary>
    /// <param name="imagePath">A file in a folder such as imagesTs of the dataset.</param>
    /// <param name="caseId">Its case.</param>
    /// <exception cref="InvalidDataException">The record is damaged, or gives the case no grid.</exception>
    public static Geometry? OriginalOf(string imagePath, string caseId) =>
        Path.GetDirectoryName(Path.GetDirectoryName(Path.GetFullPath(imagePath))) is { } folder
        && Find(folder) is { } record
        && record.Cases.TryGetValue(caseId, out OriginalGrid? grid)
            ? Geometry(grid, $"'{PathIn(folder)}': cases.{caseId}")
            : null;

    /// <summary>Brings a label map of a preprocessed volume back to the grid that the volume had, by nearest neighbour.</summary>
    /// <exception cref="InvalidDataException">The grids do not lie over one another, so the record is of another
    /// volume.</exception>
    public static Volume<byte> Restore(Volume<byte> labels, Geometry original)
    {
        if (!LieOverOneAnother(labels.Geometry, original))
            throw new InvalidDataException(
                $"{FileName}: the volume had the grid {original}, which does not lie over that of its preprocessed file, "
                    + $"{labels.Geometry}; preprocess the dataset again"
            );
        Geometry canonical = Orientation.Reorient(new Volume<byte>(original), labels.Geometry.AxisCodes).Geometry;
        return new Volume<byte>(original, Orientation.Reorient(Resampling.Nearest(labels, canonical), original.AxisCodes).Voxels);
    }

    /// <summary>The same with one case more.</summary>
    public PreprocessingRecord With(string caseId, OriginalGrid grid, CaseFingerprint source) =>
        this with
        {
            Cases = new SortedDictionary<string, OriginalGrid>(Cases.ToDictionary(), StringComparer.Ordinal) { [caseId] = grid },
            Sources = new SortedDictionary<string, CaseFingerprint>(Sources.ToDictionary(), StringComparer.Ordinal)
            {
                [caseId] = source,
            },
        };

    /// <summary>Replaces the folder's record, whole or not at all.</summary>
    public void Write(string folder) => JsonFile.Write(PathIn(folder), this, Format);

    private static string PathIn(string folder) => Path.Combine(folder, FileName);

    private static Geometry Geometry(OriginalGrid? grid, string where)
    {
        try
        {
            return grid?.ToGeometry() ?? throw new InvalidDataException("is null, expected shape and affine");
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"{OneLine.Of(where)}: {exception.Message}", exception);
        }
    }

    /// <summary>Whether two grids have parallel axes and, but for what rounds to voxels, one field of view.</summary>
    private static bool LieOverOneAnother(Geometry one, Geometry other)
    {
        Vector3d apart = Centre(one) - Centre(other);
        for (int axis = 0; axis < 3; axis++)
        {
            int same = other.AxisCodes.IndexOf(one.AxisCodes[axis], StringComparison.Ordinal);
            same = same >= 0 ? same : other.AxisCodes.IndexOf(Opposite(one.AxisCodes[axis]), StringComparison.Ordinal);
            double voxel = Math.Max(one.Spacing[axis], other.Spacing[same]);
            Vector3d direction = one.Affine.Column(axis) * (1 / one.Spacing[axis]);
            bool isParallel =
                Vector3d.Cross(direction, other.Affine.Column(same) * (1 / other.Spacing[same])).Length < ParallelTolerance;
            bool isAsLong = Math.Abs((one.Size(axis) * one.Spacing[axis]) - (other.Size(same) * other.Spacing[same])) <= voxel;
            if (!isParallel || !isAsLong || !(Math.Abs(Vector3d.Dot(apart, direction)) <= voxel))
                return false;
        }

        return true;
    }

    private static Vector3d Centre(Geometry grid) =>
        grid.Affine.Apply((grid.X - 1) / 2.0, (grid.Y - 1) / 2.0, (grid.Z - 1) / 2.0);

    private static char Opposite(char code) => "LRPAIS"["RLAPSI".IndexOf(code, StringComparison.Ordinal)];
}

/// <summary>A voxel grid in JSON.</summary>
/// <param name="Shape">Voxels along x, y and z.</param>
/// <param name="Affine">World position of a step along x, y and z, and of the first voxel: four times three numbers, RAS+
/// mm.</param>
public sealed record OriginalGrid(IReadOnlyList<int> Shape, IReadOnlyList<double> Affine)
{
    /// <summary>The grid in the form that <see cref="ToGeometry"/> reads.</summary>
    public static OriginalGrid Of(Geometry geometry) =>
        new(
            [geometry.X, geometry.Y, geometry.Z],
            [
                .. new[] { geometry.Affine.I, geometry.Affine.J, geometry.Affine.K, geometry.Affine.Origin }.SelectMany(v =>
                    new[] { v.X, v.Y, v.Z }
                ),
            ]
        );

    /// <exception cref="InvalidDataException">Shape or affine is missing or describes no grid; the message names it.</exception>
    public Geometry ToGeometry()
    {
        if (Shape is not { Count: 3 })
            throw new InvalidDataException("shape is missing or not three sizes");
        if (Affine is not { Count: 12 })
            throw new InvalidDataException("affine is missing or not twelve numbers");
        Vector3d[] columns = [.. Affine.Chunk(3).Select(c => new Vector3d(c[0], c[1], c[2]))];
        try
        {
            return new Geometry(Shape[0], Shape[1], Shape[2], new Affine(columns[0], columns[1], columns[2], columns[3]));
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"shape or affine: {exception.Message}", exception);
        }
    }
}
