using System.Security.Cryptography;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging;

/// <summary>What there is to know about a NIfTI file; serialisable as JSON.</summary>
public sealed record Inspection
{
    public required string File { get; init; }

    /// <summary>"NIfTI-1", "NIfTI-2" or "Analyze 7.5".</summary>
    public required string Format { get; init; }

    /// <summary>"little" or "big".</summary>
    public required string Endian { get; init; }

    public required long[] Shape { get; init; }

    public required string DataType { get; init; }

    /// <summary>Millimetres per voxel along each array axis.</summary>
    public required double[] Spacing { get; init; }

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
        var scaled = header.DataType.IsReal() ? image.ToScaledDoubles() : null;
        double[] finite = [.. (scaled ?? []).Where(double.IsFinite)];
        return new Inspection
        {
            File = path,
            Format = header.IsAnalyze ? "Analyze 7.5" : $"NIfTI-{header.Version}",
            Endian = header.BigEndian ? "big" : "little",
            Shape = header.Shape,
            DataType = header.DataType.Name(),
            Spacing = [geometry.Spacing.X, geometry.Spacing.Y, geometry.Spacing.Z],
            Orientation = geometry.AxisCodes,
            Affine = geometry.Affine.ToRows(),
            AffineSource = header.AffineSource.ToString().ToLowerInvariant(),
            Scaling = header.HasScaling ? [header.SclSlope, header.SclInter] : null,
            Minimum = finite.Length > 0 ? finite.Min() : null,
            Maximum = finite.Length > 0 ? finite.Max() : null,
            Mean = finite.Length > 0 ? finite.Average() : null,
            NonFinite = (scaled?.Length ?? 0) - finite.Length,
            StoredSha256 = Hash(image.StoredVoxels),
            ScaledSha256 = scaled is null ? null : Hash(MemoryMarshal.AsBytes(scaled.AsSpan())),
            Extensions = [.. image.Extensions.Select(e => e.Code)],
            Notes = image.Notes,
        };
    }

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
