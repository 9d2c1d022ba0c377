using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Formats;

/// <summary>
/// Opens MetaImage files (.mha, and .mhd with the voxels beside it) after https://itk.org/Wiki/ITK/MetaIO/Documentation: one
/// number per voxel on three axes, as bytes, compressed (zlib) or in words. Points are left-posterior-superior, as ITK's.
/// </summary>
internal sealed class MetaImageFile
{
    private const string Local = "LOCAL";

    private static readonly Dictionary<string, NiftiDataType> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        ["MET_CHAR"] = NiftiDataType.Int8,
        ["MET_UCHAR"] = NiftiDataType.UInt8,
        ["MET_SHORT"] = NiftiDataType.Int16,
        ["MET_USHORT"] = NiftiDataType.UInt16,
        ["MET_INT"] = NiftiDataType.Int32,
        ["MET_UINT"] = NiftiDataType.UInt32,
        ["MET_LONG"] = NiftiDataType.Int32,
        ["MET_ULONG"] = NiftiDataType.UInt32,
        ["MET_LONG_LONG"] = NiftiDataType.Int64,
        ["MET_ULONG_LONG"] = NiftiDataType.UInt64,
        ["MET_FLOAT"] = NiftiDataType.Float32,
        ["MET_DOUBLE"] = NiftiDataType.Float64,
    };

    private readonly string path;
    private readonly Dictionary<string, string> fields = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> notes = [];
    private readonly long dataStart;

    private MetaImageFile(string path)
    {
        this.path = path;
        using var text = new HeaderText(path);
        while (!fields.ContainsKey("ElementDataFile") && text.ReadLine() is { } line)
        {
            if (line.Length == 0)
                continue;
            var equals = line.IndexOf('=');
            if (equals < 0)
                throw fields.Count == 0
                    ? new InvalidDataException($"{path}: does not begin with KEY = VALUE, so it is no MetaImage file")
                    : HeaderText.Bad(path, "a line of the header", line, "KEY = VALUE");
            if (!fields.TryAdd(line[..equals].Trim(), line[(equals + 1)..].Trim()))
                throw HeaderText.Bad(path, "a field", line[..equals].Trim(), "each field once");
        }

        dataStart = text.Position;
    }

    /// <exception cref="InvalidDataException">No such file that can be read; names file and field.</exception>
    public static NiftiImage Open(string path) => new MetaImageFile(path).Read();

    private NiftiImage Read()
    {
        if (fields.GetValueOrDefault("ObjectType") is { } kind && kind != "Image")
            throw HeaderText.Bad(path, "ObjectType", kind, "Image");
        var dimension = HeaderText.Sizes(path, "NDims", Required("NDims"), 1)[0];
        if (dimension is < 3 or > 10)
            throw HeaderText.Bad(path, "NDims", Required("NDims"), "3");
        var sizes = HeaderText.Sizes(path, "DimSize", Required("DimSize"), (int)dimension);
        if (sizes.Skip(3).Any(size => size > 1))
            throw HeaderText.Bad(path, "DimSize", Required("DimSize"), "one 3D volume; split a series into its volumes first");
        if (fields.GetValueOrDefault("ElementNumberOfChannels") is { } channels && channels != "1")
            throw HeaderText.Bad(path, "ElementNumberOfChannels", channels, "one number per voxel");
        var type = Types.TryGetValue(Required("ElementType"), out var known)
            ? known
            : throw HeaderText.Bad(path, "ElementType", Required("ElementType"), "one of real numbers, such as MET_SHORT");
        var (axes, origin) = Placement((int)dimension);
        var geometry = FormatGeometry.Of(
            path,
            sizes[..3],
            axes,
            origin,
            FormatGeometry.FromLps,
            ("TransformMatrix, ElementSpacing", "Offset")
        );
        return NiftiImage.Of(path, geometry, type, Data(type, geometry.VoxelCount).Read(), notes);
    }

    private (Vector3d[] Axes, Vector3d Origin) Placement(int dimension)
    {
        var spacing = Numbers(["ElementSpacing", "ElementSize"], dimension);
        if (spacing is null)
            notes.Add("has no ElementSpacing: voxels of 1 mm are assumed");
        var matrix = Numbers(["TransformMatrix", "Rotation", "Orientation"], dimension * dimension);
        var origin = Numbers(["Offset", "Position", "Origin"], dimension) ?? new double[dimension];
        // Row by row the directions of the axes.
        Vector3d Axis(int axis) =>
            (
                matrix is null
                    ? new Vector3d(axis == 0 ? 1 : 0, axis == 1 ? 1 : 0, axis == 2 ? 1 : 0)
                    : new Vector3d(matrix[axis * dimension], matrix[(axis * dimension) + 1], matrix[(axis * dimension) + 2])
            ) * Math.Abs(spacing?[axis] ?? 1);
        return ([Axis(0), Axis(1), Axis(2)], new Vector3d(origin[0], origin[1], origin[2]));
    }

    private VoxelData Data(NiftiDataType type, long count)
    {
        var name = Required("ElementDataFile");
        if (name.StartsWith("LIST", StringComparison.Ordinal) || name.Contains('%') || name.Contains(' '))
            throw HeaderText.Bad(path, "ElementDataFile", name, "one file: put the slices together first");
        var isLocal = name.Equals(Local, StringComparison.OrdinalIgnoreCase);
        var isCompressed = IsTrue("CompressedData");
        var isText = fields.ContainsKey("BinaryData") && !IsTrue("BinaryData");
        var headerSize = fields.GetValueOrDefault("HeaderSize") is { } text
            ? HeaderText.Numbers(path, "HeaderSize", text, 1)[0]
            : 0;
        if (headerSize < -1 || headerSize != Math.Floor(headerSize) || headerSize > long.MaxValue / 2)
            throw HeaderText.Bad(path, "HeaderSize", fields["HeaderSize"], "-1, 0 or a number of bytes");
        if (headerSize == -1 && (isCompressed || isText))
            throw HeaderText.Bad(path, "HeaderSize", fields["HeaderSize"], "0 or more of compressed data and text");
        return new VoxelData(path, isLocal ? path : HeaderText.Beside(path, "ElementDataFile", name), type, count)
        {
            Start =
                headerSize == -1 ? -1
                : isLocal ? dataStart
                : (long)headerSize,
            IsCompressed = isCompressed,
            IsText = isText,
            IsBigEndian = IsTrue("BinaryDataByteOrderMSB") || IsTrue("ElementByteOrderMSB"),
        };
    }

    private bool IsTrue(string field) =>
        fields.GetValueOrDefault(field)?.ToLowerInvariant() switch
        {
            null or "false" or "0" => false,
            "true" or "1" => true,
            _ => throw HeaderText.Bad(path, field, fields[field], "True or False"),
        };

    private double[]? Numbers(string[] names, int count) =>
        names.FirstOrDefault(fields.ContainsKey) is { } name ? HeaderText.Numbers(path, name, fields[name], count) : null;

    private string Required(string field) =>
        fields.GetValueOrDefault(field) ?? throw new InvalidDataException($"{path}: the field '{field}' is missing");
}
