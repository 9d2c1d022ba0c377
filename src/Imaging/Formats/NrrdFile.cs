using System.Globalization;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Formats;

/// <summary>
/// Opens NRRD files (.nrrd, and .nhdr with the voxels beside it) after https://teem.sourceforge.net/nrrd/format.html: one number
/// per voxel on three axes, in raw, gzip or ascii encoding.
/// </summary>
internal sealed class NrrdFile
{
    private static readonly Dictionary<string, NiftiDataType> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        ["signed char"] = NiftiDataType.Int8,
        ["int8"] = NiftiDataType.Int8,
        ["int8_t"] = NiftiDataType.Int8,
        ["uchar"] = NiftiDataType.UInt8,
        ["unsigned char"] = NiftiDataType.UInt8,
        ["uint8"] = NiftiDataType.UInt8,
        ["uint8_t"] = NiftiDataType.UInt8,
        ["short"] = NiftiDataType.Int16,
        ["short int"] = NiftiDataType.Int16,
        ["signed short"] = NiftiDataType.Int16,
        ["signed short int"] = NiftiDataType.Int16,
        ["int16"] = NiftiDataType.Int16,
        ["int16_t"] = NiftiDataType.Int16,
        ["ushort"] = NiftiDataType.UInt16,
        ["unsigned short"] = NiftiDataType.UInt16,
        ["unsigned short int"] = NiftiDataType.UInt16,
        ["uint16"] = NiftiDataType.UInt16,
        ["uint16_t"] = NiftiDataType.UInt16,
        ["int"] = NiftiDataType.Int32,
        ["signed int"] = NiftiDataType.Int32,
        ["int32"] = NiftiDataType.Int32,
        ["int32_t"] = NiftiDataType.Int32,
        ["uint"] = NiftiDataType.UInt32,
        ["unsigned int"] = NiftiDataType.UInt32,
        ["uint32"] = NiftiDataType.UInt32,
        ["uint32_t"] = NiftiDataType.UInt32,
        ["longlong"] = NiftiDataType.Int64,
        ["long long"] = NiftiDataType.Int64,
        ["long long int"] = NiftiDataType.Int64,
        ["signed long long"] = NiftiDataType.Int64,
        ["signed long long int"] = NiftiDataType.Int64,
        ["int64"] = NiftiDataType.Int64,
        ["int64_t"] = NiftiDataType.Int64,
        ["ulonglong"] = NiftiDataType.UInt64,
        ["unsigned long long"] = NiftiDataType.UInt64,
        ["unsigned long long int"] = NiftiDataType.UInt64,
        ["uint64"] = NiftiDataType.UInt64,
        ["uint64_t"] = NiftiDataType.UInt64,
        ["float"] = NiftiDataType.Float32,
        ["double"] = NiftiDataType.Float64,
    };

    private static readonly Dictionary<string, Vector3d> Spaces = new(StringComparer.OrdinalIgnoreCase)
    {
        ["right-anterior-superior"] = new(1, 1, 1),
        ["RAS"] = new(1, 1, 1),
        ["left-anterior-superior"] = new(-1, 1, 1),
        ["LAS"] = new(-1, 1, 1),
        ["left-posterior-superior"] = FormatGeometry.FromLps,
        ["LPS"] = FormatGeometry.FromLps,
    };

    private static readonly string[] Raw = ["raw"],
        Gzip = ["gzip", "gz"],
        Ascii = ["ascii", "text", "txt"];

    private readonly string path;
    private readonly Dictionary<string, string> fields = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> notes = [];
    private readonly long dataStart;

    private NrrdFile(string path)
    {
        this.path = path;
        using var text = new HeaderText(path);
        if (text.ReadLine() is not { } magic || !magic.StartsWith("NRRD000", StringComparison.Ordinal))
            throw new InvalidDataException($"{path}: does not begin with NRRD000, so it is no NRRD file");
        while (text.ReadLine() is { Length: > 0 } line)
            AddField(line);
        dataStart = text.Position;
    }

    /// <exception cref="InvalidDataException">No such file that can be read; names file and field.</exception>
    public static NiftiImage Open(string path) => new NrrdFile(path).Read();

    private void AddField(string line)
    {
        // "KEY:=VALUE" is a text of the writer's, not a field.
        var colon = line.IndexOf(": ", StringComparison.Ordinal);
        var key = line.IndexOf(":=", StringComparison.Ordinal);
        if (line[0] == '#' || (key >= 0 && (colon < 0 || key < colon)))
            return;
        if (colon < 0)
            throw HeaderText.Bad(path, "a line of the header", line, "FIELD: VALUE");
        if (!fields.TryAdd(line[..colon], line[(colon + 2)..].Trim()))
            throw HeaderText.Bad(path, "a field", line[..colon], "each field once");
    }

    private NiftiImage Read()
    {
        var type = Types.TryGetValue(Required("type"), out var known)
            ? known
            : throw HeaderText.Bad(path, "type", Required("type"), "one of real numbers, such as short or float");
        var dimension = (int)Math.Min(HeaderText.Sizes(path, "dimension", Required("dimension"), 1)[0], 17);
        if (dimension is < 3 or > 16)
            throw HeaderText.Bad(path, "dimension", Required("dimension"), "3 axes");
        var sizes = HeaderText.Sizes(path, "sizes", Required("sizes"), dimension);
        var (axes, places) = Axes(dimension, sizes);
        long[] spatial = [.. places.Select(place => sizes[place])];
        var geometry = FormatGeometry.Of(path, spatial, axes, Origin(), Signs(), ("space directions", "space origin"));
        return NiftiImage.Of(path, geometry, type, Data(type, geometry.VoxelCount).Read(), notes);
    }

    private VoxelData Data(NiftiDataType type, long count)
    {
        var encoding = Required("encoding");
        if (!Raw.Concat(Gzip).Concat(Ascii).Contains(encoding, StringComparer.OrdinalIgnoreCase))
            throw HeaderText.Bad(path, "encoding", encoding, "raw, gzip or ascii: write the file anew in one of these");
        var isText = Ascii.Contains(encoding, StringComparer.OrdinalIgnoreCase);
        var isCompressed = Gzip.Contains(encoding, StringComparer.OrdinalIgnoreCase);
        var byteSkip = Whole("byte skip");
        if (byteSkip < 0 && (byteSkip != -1 || isCompressed || isText))
            throw HeaderText.Bad(path, "byte skip", fields["byte skip"], "0 or more, or -1 with the encoding raw");
        var detached = fields.GetValueOrDefault("data file") ?? fields.GetValueOrDefault("datafile");
        if (detached is not null && (detached.StartsWith("LIST", StringComparison.Ordinal) || detached.Contains('%')))
            throw HeaderText.Bad(path, "data file", detached, "one file: put the slices together first");
        var file = detached is null ? path : HeaderText.Beside(path, "data file", detached);
        return new VoxelData(path, file, type, count)
        {
            Start = byteSkip == -1 ? -1 : SkipLines(file, detached is null ? dataStart : 0),
            Skip = Math.Max(0, byteSkip),
            IsCompressed = isCompressed,
            IsText = isText,
            IsBigEndian = type.ComponentBytes() > 1 && !isText && IsBigEndian(),
        };
    }

    private long SkipLines(string file, long start)
    {
        var lines = Whole("line skip");
        if (lines is < 0 or > 1 << 20)
            throw HeaderText.Bad(path, "line skip", fields["line skip"], "a number of lines");
        if (lines == 0)
            return start;
        if (!File.Exists(file))
            return 0;
        using var text = new HeaderText(file);
        while (text.Position < start || lines-- > 0)
        {
            if (text.ReadLine() is null)
                throw new InvalidDataException($"{file}: ends before its voxels: 'line skip' is {fields["line skip"]}");
        }

        return text.Position;
    }

    private bool IsBigEndian() =>
        Required("endian").ToLowerInvariant() switch
        {
            "little" => false,
            "big" => true,
            _ => throw HeaderText.Bad(path, "endian", fields["endian"], "little or big"),
        };

    /// <summary>A step along each axis in space, and which of the axes these are; others must have one element.</summary>
    private (Vector3d[] Axes, int[] Places) Axes(int dimension, long[] sizes)
    {
        Vector3d?[] steps = fields.TryGetValue("space directions", out var text) ? Directions(text) : Spacings(dimension);
        if (steps.Length != dimension)
            throw HeaderText.Bad(path, "space directions", text ?? "", $"a vector or none for each of {dimension} axes");
        int[] places = [.. Enumerable.Range(0, dimension).Where(axis => steps[axis] is not null)];
        if (places.Length != 3)
            throw HeaderText.Bad(path, "space directions", text ?? "", "three axes in space");
        for (var axis = 0; axis < dimension; axis++)
        {
            if (!places.Contains(axis) && sizes[axis] > 1)
                throw HeaderText.Bad(
                    path,
                    "sizes",
                    Required("sizes"),
                    $"one number per voxel: axis {axis} holds {sizes[axis]} (colours, time, or layers of segments)"
                );
        }

        return ([.. places.Select(place => steps[place]!.Value)], places);
    }

    private Vector3d?[] Directions(string text)
    {
        var vectors = new List<Vector3d?>();
        for (var rest = text.Trim(); rest.Length > 0; rest = rest.TrimStart())
        {
            if (rest.StartsWith("none", StringComparison.OrdinalIgnoreCase))
            {
                vectors.Add(null);
                rest = rest[4..];
                continue;
            }

            var end = rest.IndexOf(')');
            if (rest[0] != '(' || end < 0)
                throw HeaderText.Bad(path, "space directions", text, "vectors such as (1,0,0) (0,1,0) (0,0,3)");
            vectors.Add(Vector("space directions", rest[..(end + 1)]));
            rest = rest[(end + 1)..];
        }

        return [.. vectors];
    }

    private Vector3d?[] Spacings(int dimension)
    {
        if (fields.TryGetValue("spacings", out var text))
        {
            string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            double?[] steps =
            [
                .. words.Select(word =>
                    word.Equals("nan", StringComparison.OrdinalIgnoreCase)
                        ? (double?)null
                        : Math.Abs(HeaderText.Numbers(path, "spacings", word, 1)[0])
                ),
            ];
            notes.Add("has no space directions: the axes are taken to run to left, posterior and superior, as ITK does");
            var axis = 0;
            return [.. steps.Select(step => step is { } length ? Along(axis++, length) : (Vector3d?)null)];
        }

        if (dimension != 3)
            throw new InvalidDataException($"{path}: the field 'space directions' is missing");
        notes.Add("has neither spacings nor space directions: voxels of 1 mm are assumed");
        return [Along(0, 1), Along(1, 1), Along(2, 1)];
    }

    private static Vector3d Along(int axis, double length) =>
        new(axis == 0 ? length : 0, axis == 1 ? length : 0, axis == 2 ? length : 0);

    private Vector3d Origin() => fields.TryGetValue("space origin", out var text) ? Vector("space origin", text) : default;

    /// <remarks>Other spaces say nothing about the body; ITK takes them as left-posterior-superior.</remarks>
    private Vector3d Signs()
    {
        if (fields.TryGetValue("space", out var space) && Spaces.TryGetValue(space, out var signs))
            return signs * Millimetres();
        if (space is not null || fields.ContainsKey("space dimension"))
            notes.Add($"its space is '{space ?? "not named"}': taken as left-posterior-superior, as ITK does");
        return FormatGeometry.FromLps * Millimetres();
    }

    private double Millimetres()
    {
        if (!fields.TryGetValue("space units", out var text))
            return 1;
        string[] units = [.. text.Split(['"', ' '], StringSplitOptions.RemoveEmptyEntries).Distinct()];
        return units switch
        {
            ["mm"] => 1,
            ["cm"] => 10,
            ["m"] => 1000,
            ["um"] or ["\u00b5m"] or ["micron"] or ["microns"] => 0.001,
            _ => throw HeaderText.Bad(path, "space units", text, "mm, cm, m or um for all axes"),
        };
    }

    private Vector3d Vector(string field, string text)
    {
        if (text.Length < 2 || text[0] != '(' || text[^1] != ')')
            throw HeaderText.Bad(path, field, text, "a vector such as (0,0,3)");
        var numbers = HeaderText.Numbers(path, field, text[1..^1].Replace(',', ' '), 3);
        return new Vector3d(numbers[0], numbers[1], numbers[2]);
    }

    private long Whole(string field) =>
        !fields.TryGetValue(field, out var text) ? 0
        : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number
        : throw HeaderText.Bad(path, field, text, "a whole number");

    private string Required(string field) =>
        fields.GetValueOrDefault(field) ?? throw new InvalidDataException($"{path}: the field '{field}' is missing");
}
