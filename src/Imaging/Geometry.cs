namespace UnpairedSegEngine.Imaging;

/// <summary>The grid of a volume: size in voxels and where the voxels lie in the world. Immutable.</summary>
public sealed class Geometry
{
    /// <exception cref="ArgumentException">A size below 1, more voxels than an array holds, or a singular affine.</exception>
    public Geometry(int x, int y, int z, Affine affine)
    {
        ArgumentNullException.ThrowIfNull(affine);
        if (x < 1 || y < 1 || z < 1 || (Int128)x * y * z > Array.MaxLength)
            throw new ArgumentException(
                $"a volume of {x}x{y}x{z} voxels is not possible: every size must be at least 1 and the product at most "
                    + $"{Array.MaxLength}"
            );
        if (!(Math.Abs(affine.Determinant) > 0) || !affine.IsFinite)
            throw new ArgumentException("the affine is singular or not finite: its three axes must span space");
        (X, Y, Z, Affine) = (x, y, z, affine);
        AxisCodes = affine.AxisCodes();
    }

    /// <summary>Voxels along array axis 0, the one whose neighbours lie side by side in memory.</summary>
    public int X { get; }

    /// <summary>Voxels along array axis 1.</summary>
    public int Y { get; }

    /// <summary>Voxels along array axis 2: the slices.</summary>
    public int Z { get; }

    /// <summary>Voxel index to world RAS+ millimetres.</summary>
    public Affine Affine { get; }

    /// <summary>Direction of each array axis, e.g. "LAS".</summary>
    public string AxisCodes { get; }

    /// <summary>Millimetres per voxel.</summary>
    public Vector3d Spacing => Affine.Spacing;

    /// <summary>X * Y * Z, at most the length of an array.</summary>
    public int VoxelCount => X * Y * Z;

    /// <summary>Size along array axis 0, 1 or 2.</summary>
    public int Size(int axis) =>
        axis switch
        {
            0 => X,
            1 => Y,
            2 => Z,
            _ => throw new ArgumentOutOfRangeException(nameof(axis), axis, "a volume has the axes 0, 1 and 2"),
        };

    /// <summary>Whether both have the same number of voxels along every axis, wherever these lie in the world.</summary>
    public bool SameShape(Geometry other) => X == other.X && Y == other.Y && Z == other.Z;

    /// <summary>The longest distance between two corners of the volume, mm.</summary>
    public double Diagonal
    {
        get
        {
            var (x, y, z) = (Affine.I * X, Affine.J * Y, Affine.K * Z);
            return new[] { x + y + z, x + y - z, x - y + z, y + z - x }.Max(diagonal => diagonal.Length);
        }
    }

    /// <summary>Whether two grids are the same: shape, spacing and origin within <paramref name="tolerance"/> mm and a twentieth
    /// of a voxel,
    /// directions within <paramref name="directionTolerance"/> per component. <paramref name="difference"/> says in one line what
    /// differs, with
    /// both values and how much, or is empty.</summary>
    public bool Matches(Geometry other, out string difference, double tolerance = 1e-3, double directionTolerance = 1e-4)
    {
        ArgumentNullException.ThrowIfNull(other);
        difference = GridDifference.Between(this, other, tolerance, directionTolerance);
        return difference.Length == 0;
    }

    /// <summary>"256x256x40".</summary>
    public string ShapeText() => $"{X}x{Y}x{Z}";

    /// <summary>"256x256x40 LAS at (0.7, 0.7, 5) mm".</summary>
    public override string ToString() => $"{ShapeText()} {AxisCodes} at {Spacing.ToText()} mm";
}
