using System.Globalization;

namespace UnpairedSegEngine.Imaging;

/// <summary>Three doubles: a voxel position or a point or direction in millimetres.</summary>
public readonly record struct Vector3d(double X, double Y, double Z)
{
    /// <summary>The Euclidean length; infinite where a square is too large for a double.</summary>
    public double Length => Math.Sqrt(Dot(this, this));

    /// <summary>Component 0, 1 or 2.</summary>
    public double this[int axis] =>
        axis switch
        {
            0 => X,
            1 => Y,
            2 => Z,
            _ => throw new ArgumentOutOfRangeException(nameof(axis), axis, "a vector has the axes 0, 1 and 2"),
        };

    /// <summary>"(0.7, 0.7, 5)": up to seven digits each.</summary>
    public string ToText() => string.Create(CultureInfo.InvariantCulture, $"({X:G7}, {Y:G7}, {Z:G7})");

    /// <summary>The sum, component by component.</summary>
    public static Vector3d operator +(Vector3d a, Vector3d b) => new(a.X + b.X, a.Y + b.Y, a.Z + b.Z);

    /// <summary>From <paramref name="b"/> to <paramref name="a"/>, component by component.</summary>
    public static Vector3d operator -(Vector3d a, Vector3d b) => new(a.X - b.X, a.Y - b.Y, a.Z - b.Z);

    /// <summary>Every component times <paramref name="scale"/>.</summary>
    public static Vector3d operator *(Vector3d a, double scale) => new(a.X * scale, a.Y * scale, a.Z * scale);

    /// <summary>|a| |b| times the cosine of the angle between them.</summary>
    public static double Dot(Vector3d a, Vector3d b) => (a.X * b.X) + (a.Y * b.Y) + (a.Z * b.Z);

    /// <summary>
    /// Orthogonal to both by the right-hand rule, as long as the area that they span; 0 where they are parallel.
    /// </summary>
    public static Vector3d Cross(Vector3d a, Vector3d b) =>
        new((a.Y * b.Z) - (a.Z * b.Y), (a.Z * b.X) - (a.X * b.Z), (a.X * b.Y) - (a.Y * b.X));
}
