using System.Globalization;

namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>What a header must hold before any voxel is read; the severities follow nibabel's header checks.</summary>
internal static class HeaderCheck
{
    private const int Nifti1DataStart = 352;
    private const int Nifti2DataStart = 544;

    /// <summary>Header and extensions together: more is read from no file, compressed or not.</summary>
    public const long LargestDataStart = 16 << 20;

    /// <summary>Refuses a header that cannot be read safely.</summary>
    /// <returns>Notes: oddities that were accepted, one line each.</returns>
    /// <exception cref="InvalidDataException">Names the file and the field.</exception>
    public static List<string> Check(NiftiHeader header, string file)
    {
        CheckMagic(header, file);
        CheckDimensions(header, file);
        CheckDataType(header, file);
        var notes = new List<string>();
        CheckOffset(header, file, notes);
        CheckScaling(header, file, notes);
        if (header.IsAnalyze)
            notes.Add("Analyze 7.5 stores neither orientation nor scaling: LAS is assumed, as nibabel does");
        return notes;
    }

    /// <summary>Bytes of all voxels.</summary>
    public static long DataBytes(NiftiHeader header) =>
        header.Shape.Aggregate(1L, (product, size) => product * size) * header.DataType.VoxelBytes();

    private static void CheckMagic(NiftiHeader header, string file)
    {
        string[] known = header.Version == 1 ? ["n+1", "ni1", ""] : ["n+2", "ni2"];
        if (!known.Contains(header.Magic))
            throw Bad(
                file,
                "magic",
                $"'{Printable(header.Magic)}'",
                $"one of {string.Join(", ", known.Where(k => k.Length > 0))}"
            );
        if (header.IsAnalyze && !NiftiPaths.IsPair(file))
            throw Bad(file, "magic", "empty", "n+1 (only an Analyze .hdr may lack it)");
    }

    private static void CheckDimensions(NiftiHeader header, string file)
    {
        if (header.Dim[0] is < 1 or > 7)
            throw Bad(file, "dim[0]", header.Dim[0].ToString(CultureInfo.InvariantCulture), "1 to 7 dimensions");
        var bytes = (Int128)Math.Max(1, header.DataType.VoxelBytes());
        for (var i = 1; i <= header.Dim[0]; i++)
        {
            if (header.Dim[i] < 1)
                throw Bad(file, $"dim[{i}]", header.Dim[i].ToString(CultureInfo.InvariantCulture), "a size of at least 1");
            bytes *= header.Dim[i];
            if (bytes > Array.MaxLength)
                throw Bad(file, "dim", string.Join("x", header.Shape), $"at most {Array.MaxLength} bytes of voxels (2 GiB)");
        }
    }

    private static void CheckDataType(NiftiHeader header, string file)
    {
        var bytes = header.DataType.VoxelBytes();
        if (bytes == 0)
            throw Bad(file, "datatype", header.DataType.Name(), "an integer, float32/64, complex64/128 or RGB type");
        if (header.BitPix != bytes * 8)
            throw Bad(
                file,
                "bitpix",
                header.BitPix.ToString(CultureInfo.InvariantCulture),
                $"{bytes * 8} for datatype {header.DataType.Name()}"
            );
    }

    private static void CheckOffset(NiftiHeader header, string file, List<string> notes)
    {
        var offset = header.VoxOffset;
        var first = header.IsSingleFile
            ? header.Version == 1
                ? Nifti1DataStart
                : Nifti2DataStart
            : 0;
        if (!(offset >= first) || offset > long.MaxValue / 2 || offset != Math.Floor(offset))
            throw Bad(file, "vox_offset", Number(offset), $"a whole number of at least {first}");
        if (header.IsSingleFile && offset > LargestDataStart)
            throw Bad(file, "vox_offset", Number(offset), $"at most {LargestDataStart} (16 MiB of extensions)");
        if (offset % 16 != 0)
            notes.Add($"vox_offset {Number(offset)} is no multiple of 16 (SPM expects one)");
    }

    private static void CheckScaling(NiftiHeader header, string file, List<string> notes)
    {
        if (header.HasScaling && !double.IsFinite(header.SclInter))
            throw Bad(file, "scl_inter", Number(header.SclInter), "a finite number beside a valid scl_slope");
        if (!header.IsAnalyze && !double.IsFinite(header.SclSlope))
            notes.Add($"scl_slope {Number(header.SclSlope)} is not finite: stored values are taken as they are");
    }

    internal static InvalidDataException Bad(string file, string field, string found, string expected) =>
        new($"{file}: {field} is {found}, expected {expected}");

    internal static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Printable(string text) => string.Concat(text.Select(c => c is >= ' ' and <= '~' ? c : '?'));
}
