using System.Security.Cryptography;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging;

/// <summary>What there is to know about a NIfTI file; serialisable as JSON.</summary>
public sealed record Inspection
{
    /// <summary>Path of the file, as it was given.</summary>
    public required string File { get; init; }

    /// <summary>"NIfTI-1", "NIfTI-2" or "Analyze 7.5".</summary>
    public required string Format { get; init; }

    /// <summary>"little" or "big".</summary>
    public required string Endian { get; init; }

    /// <summary>Voxels along each array axis, x first; up to seven.</summary>
    public required long[] Shape { get; init; }

    /// <summary>
    /// Type of the stored voxels, as <see cref="NiftiDataTypes.Name"/> writes it: "int16", "float32", "rgb24", ...
    /// </summary>
    public required string DataType { get; init; }

    /// <summary>Per voxel along each array axis, in <see cref="Units"/>.</summary>
    public required double[] Spacing { get; init; }

    /// <summary>Unit of <see cref="Spacing"/> and <see cref="Affine"/>: always "mm", whatever the header has.</summary>
    public string Units { get; } = SpatialUnit.Millimetre.Name();

    /// <summary>Unit of length in the header's xyzt_units: "mm", "micron", "metre" or "unknown".</summary>
    public required string StoredUnits { get; init; }

    /// <summary>Where each array axis runs to, e.g. "LAS".</summary>
    public required string Orientation { get; init; }

    /// <summary>Rows of the voxel to world (RAS+, mm) matrix.</summary>
    public required double[][] Affine { get; init; }

    /// <summary>"sform", "qform" or "spacing".</summary>
    public required string AffineSource { get; init; }

    /// <summary>scl_slope and scl_inter where they apply, else null.</summary>
    public required double[]? Scaling { get; init; }

    /// <summary>Smallest finite scaled value; null for colour and complex types and where no value is finite.</summary>
    public required double? Minimum { get; init; }

    /// <summary>Largest finite scaled value; null as for <see cref="Minimum"/>.</summary>
    public required double? Maximum { get; init; }

    /// <summary>Mean of the finite scaled values.</summary>
    public required double? Mean { get; init; }

    /// <summary>Voxels that are infinite or not a number.</summary>
    public required int NonFinite { get; init; }

    /// <summary>SHA-256 of the stored voxels: stored data type, little-endian, x fastest.</summary>
    public required string StoredSha256 { get; init; }

    /// <summary>
    /// SHA-256 of the voxels as float64 (raw * scl_slope + scl_inter where that applies), little-endian, x fastest; null as
    /// for <see cref="Minimum"/>'s types.
    /// </summary>
    public required string? ScaledSha256 { get; init; }

    /// <summary>Codes of the header extensions.</summary>
    public required int[] Extensions { get; init; }

    /// <summary>Oddities that were accepted.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <exception cref="InvalidDataException">Not a readable NIfTI file; names the field.</exception>
    public static Inspection Of(string path)
    {
        var image = NiftiFile.Open(path);
        var (header, geometry) = (image.Header, image.Geometry);
        var values = header.DataType.IsReal() ? ValueStatistics.Of(image) : null;
        return new Inspection
        {
            File = path,
            Format = header.IsAnalyze ? "Analyze 7.5" : $"NIfTI-{header.Version}",
            Endian = header.BigEndian ? "big" : "little",
            Shape = header.Shape,
            DataType = header.DataType.Name(),
            Spacing = [geometry.Spacing.X, geometry.Spacing.Y, geometry.Spacing.Z],
            StoredUnits = header.SpatialUnit.Name(),
            Orientation = geometry.AxisCodes,
            Affine = geometry.Affine.ToRows(),
            AffineSource = header.AffineSource.ToString().ToLowerInvariant(),
            Scaling = header.HasScaling ? [header.SclSlope, header.SclInter] : null,
            Minimum = values?.Minimum,
            Maximum = values?.Maximum,
            Mean = values?.Mean,
            NonFinite = values?.NonFinite ?? 0,
            StoredSha256 = Convert.ToHexStringLower(SHA256.HashData(image.StoredVoxels)),
            ScaledSha256 = values?.Sha256,
            Extensions = [.. image.Extensions.Select(e => e.Code)],
            Notes = image.Notes,
        };
    }
}
