using System.Globalization;

namespace UnpairedSegEngine.Imaging;

/// <summary>Says in one line what differs between two grids: both values, and by how much.</summary>
internal static class GridDifference
{
    /// <summary>A tolerance in mm is no tolerance for voxels of a micron: it is never more than this share of a voxel.</summary>
    private const double VoxelShare = 0.05;

    private static readonly string[] AxisNames = ["i", "j", "k"];

    /// <summary>Empty where the grids are the same within the tolerances of <see cref="Geometry.Matches"/>.</summary>
    public static string Between(Geometry a, Geometry b, double tolerance, double directionTolerance)
    {
        var spacing = Math.Min(Smallest(a.Spacing), Smallest(b.Spacing));
        var length = Math.Min(tolerance, VoxelShare * spacing);
        string[] differences =
        [
            Shapes(a, b),
            Spacings(a, b, length),
            Directions(a, b, directionTolerance),
            Origins(a, b, length),
        ];
        return string.Join("; ", differences.Where(difference => difference.Length > 0));
    }

    /// <summary>The axes that point elsewhere, with the largest angle; empty where none does.</summary>
    public static string Directions(Geometry a, Geometry b, double tolerance)
    {
        int[] axes = [.. Enumerable.Range(0, 3).Where(axis => Largest(Direction(a, axis) - Direction(b, axis)) > tolerance)];
        if (axes.Length == 0)
            return "";
        var codes = a.AxisCodes == b.AxisCodes ? "" : $" {a.AxisCodes} against {b.AxisCodes},";
        var pairs = axes.Select(axis => $"{AxisNames[axis]} {Rounded(Direction(a, axis))} against {Rounded(Direction(b, axis))}");
        return $"axis directions{codes} {Number(axes.Max(axis => Degrees(Direction(a, axis), Direction(b, axis))))} degrees apart: {string.Join(", ", pairs)}";
    }

    private static string Shapes(Geometry a, Geometry b) =>
        a.SameShape(b) ? "" : $"shape {a.ShapeText()} against {b.ShapeText()}";

    private static string Spacings(Geometry a, Geometry b, double tolerance)
    {
        var difference = a.Spacing - b.Spacing;
        return Largest(difference) <= tolerance
            ? ""
            : $"spacing {a.Spacing.ToText()} mm against {b.Spacing.ToText()} mm, up to {Number(Largest(difference))} mm apart";
    }

    private static string Origins(Geometry a, Geometry b, double tolerance)
    {
        var distance = (a.Affine.Origin - b.Affine.Origin).Length;
        return distance <= tolerance
            ? ""
            : $"origin {a.Affine.Origin.ToText()} mm against {b.Affine.Origin.ToText()} mm, {Number(distance)} mm apart";
    }

    private static Vector3d Direction(Geometry geometry, int axis) => geometry.Affine.Column(axis) * (1 / geometry.Spacing[axis]);

    // Exact for small angles, where the arc cosine of a dot product is not.
    private static double Degrees(Vector3d a, Vector3d b) =>
        Math.Atan2(Vector3d.Cross(a, b).Length, Vector3d.Dot(a, b)) * 180 / Math.PI;

    private static double Largest(Vector3d v) => Math.Max(Math.Abs(v.X), Math.Max(Math.Abs(v.Y), Math.Abs(v.Z)));

    private static double Smallest(Vector3d v) => Math.Min(v.X, Math.Min(v.Y, v.Z));

    private static string Number(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    private static string Rounded(Vector3d v) =>
        new Vector3d(Math.Round(v.X, 6) + 0.0, Math.Round(v.Y, 6) + 0.0, Math.Round(v.Z, 6) + 0.0).ToText();
}
