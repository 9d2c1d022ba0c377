using System.Globalization;

namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>
/// What a user should know of how a header places its volume: at most a line each on units, on fields that disagree and on shear.
/// </summary>
internal static class PlacementNotes
{
    private const double SpacingTolerance = 1e-3;
    private const double PlaceTolerance = 0.1;

    /// <summary>Cosine of an angle that is a hundredth of a degree off the right one.</summary>
    private const double VisibleShear = 1.745e-4;

    /// <param name="header">As stored.</param>
    /// <param name="geometry">The grid it was found to have.</param>
    public static IEnumerable<string> Of(NiftiHeader header, Geometry geometry)
    {
        if (header.IsAnalyze)
            return [];
        string[] notes = [Unit(header), Codes(header), Disagreement(header, geometry), Shear(geometry)];
        return notes.Where(note => note.Length > 0);
    }

    private static string Unit(NiftiHeader header) =>
        header.SpatialUnit switch
        {
            SpatialUnit.Millimetre => "",
            SpatialUnit.Unknown => $"xyzt_units ({header.XyztUnits}) names no unit of length: mm is assumed",
            var unit => $"xyzt_units says {unit.Name()}: spacing and affine are converted to mm",
        };

    private static string Codes(NiftiHeader header)
    {
        (string Name, int Code)[] codes = [("sform_code", header.SformCode), ("qform_code", header.QformCode)];
        string[] unknown =
        [
            .. codes.Where(c => c.Code != 0 && !NiftiHeader.IsTransform(c.Code)).Select(c => $"{c.Name} {c.Code} does not exist"),
        ];
        if (unknown.Length > 0)
            return $"{string.Join(" and ", unknown)}: taken as 0, as in nibabel";
        return header.AffineSource == AffineSource.Spacing
            ? "sform_code and qform_code are 0: only the spacing is known, LAS is assumed"
            : "";
    }

    private static string Disagreement(NiftiHeader header, Geometry geometry)
    {
        if (header.AffineSource != AffineSource.Sform)
            return "";
        var unit = header.SpatialUnit.Millimetres();
        var zooms = new Vector3d(Math.Abs(header.PixDim[1]), Math.Abs(header.PixDim[2]), Math.Abs(header.PixDim[3])) * unit;
        if (
            Enumerable
                .Range(0, Math.Min(3, (int)header.Dim[0]))
                .Any(axis => !(Math.Abs(zooms[axis] / geometry.Spacing[axis] - 1) <= SpacingTolerance))
        )
            return $"sform and pixdim disagree: the sform's voxels are {geometry.Spacing.ToText()} mm, pixdim says {zooms.ToText()} mm; the sform is used, as in nibabel";
        // A qform cannot hold shear: beside a sheared sform it says nothing.
        if (!NiftiHeader.IsTransform(header.QformCode) || geometry.Affine.Shear > VisibleShear)
            return "";
        var transforms = new HeaderTransforms(header, "", []);
        if (!transforms.HasQform)
            return "sform and qform disagree: the qform's fields are no transform; the sform is used, as in nibabel";
        var apart = LargestDistance(geometry, transforms.Qform().Scaled(unit));
        return apart <= PlaceTolerance * Math.Min(geometry.Spacing.X, Math.Min(geometry.Spacing.Y, geometry.Spacing.Z))
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $"sform and qform disagree: they place a corner of the volume {apart:G4} mm apart; the sform is used, as "
                    + $"in nibabel"
            );
    }

    private static string Shear(Geometry geometry)
    {
        var shear = geometry.Affine.Shear;
        return shear <= VisibleShear
            ? ""
            : string.Create(
                CultureInfo.InvariantCulture,
                $"the axes are sheared by {Math.Asin(Math.Min(1, shear)) * 180 / Math.PI:0.##} degrees (gantry tilt): "
                    + $"distances and volumes follow the affine, resampling keeps the tilt"
            );
    }

    /// <summary>How far apart two transforms place a corner.</summary>
    private static double LargestDistance(Geometry geometry, Affine other) =>
        Enumerable
            .Range(0, 8)
            .Max(corner =>
            {
                var (x, y, z) = (
                    (corner & 1) * (geometry.X - 1),
                    (corner >> 1 & 1) * (geometry.Y - 1),
                    (corner >> 2) * (geometry.Z - 1)
                );
                return (geometry.Affine.Apply(x, y, z) - other.Apply(x, y, z)).Length;
            });
}
