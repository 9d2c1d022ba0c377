namespace UnpairedSegEngine.Imaging;

/// <summary>
/// Voxel indices to world millimetres in RAS+ (x to the patient's right, y anterior, z superior), as NIfTI and nibabel use it.
/// <paramref name="I"/>, <paramref name="J"/>, <paramref name="K"/> are the steps of one voxel along each array axis,
/// <paramref name="Origin"/> is the centre of voxel (0, 0, 0).
/// </summary>
public sealed record Affine(Vector3d I, Vector3d J, Vector3d K, Vector3d Origin)
{
    /// <summary>Millimetres per voxel along each array axis.</summary>
    public Vector3d Spacing => new(I.Length, J.Length, K.Length);

    /// <summary>The signed volume of a voxel, mm3; below 0 where the array axes are left-handed, such as LAS.</summary>
    public double Determinant => Vector3d.Dot(I, Vector3d.Cross(J, K));

    /// <summary>
    /// The largest |cosine| of the angle between two axes: 0 for orthogonal axes; above, the grid is sheared (gantry tilt).
    /// </summary>
    public double Shear => new[] { Cosine(I, J), Cosine(J, K), Cosine(K, I) }.Max();

    /// <summary>The volume of a voxel over that of a box with its edges: 1 for orthogonal axes, 0 for axes in a plane.</summary>
    public double VolumeRatio =>
        Math.Abs(Vector3d.Dot(I * (1 / I.Length), Vector3d.Cross(J * (1 / J.Length), K * (1 / K.Length))));

    /// <summary>Whether lengths and volume are representable, so that every voxel has a place.</summary>
    public bool IsFinite => double.IsFinite(Determinant + I.Length + J.Length + K.Length + Origin.Length);

    /// <summary>Column 0..2: the step along that array axis; 3: the origin.</summary>
    public Vector3d Column(int column) =>
        column switch
        {
            0 => I,
            1 => J,
            2 => K,
            3 => Origin,
            _ => throw new ArgumentOutOfRangeException(nameof(column), column, "an affine has the columns 0..3"),
        };

    /// <summary>Entry of the 3x4 matrix.</summary>
    public double this[int row, int column] => Column(column)[row];

    /// <summary>Axes along the world's, e.g. LAS for <c>Diagonal((-1, 1, 3), ...)</c>.</summary>
    public static Affine Diagonal(Vector3d steps, Vector3d origin) =>
        new(new(steps.X, 0, 0), new(0, steps.Y, 0), new(0, 0, steps.Z), origin);

    /// <summary>The same grid with another unit of length.</summary>
    public Affine Scaled(double factor) => factor == 1 ? this : new(I * factor, J * factor, K * factor, Origin * factor);

    /// <summary>World position of a (fractional) voxel index.</summary>
    public Vector3d Apply(double i, double j, double k) => Origin + (I * i) + (J * j) + (K * k);

    /// <summary>The 3x4 matrix, row by row.</summary>
    public double[][] ToRows() => [.. Enumerable.Range(0, 3).Select(row => new[] { I[row], J[row], K[row], Origin[row] })];

    /// <summary>
    /// The direction each array axis runs to, one of L/R, P/A, I/S per axis, e.g. "LAS". Oblique axes get the nearest letter;
    /// the strongest match is assigned first so that every world axis occurs once.
    /// </summary>
    public string AxisCodes()
    {
        var codes = new char[3];
        var free = Enumerable.Range(0, 9).ToList();
        while (free.Count > 0)
        {
            var best = free.MaxBy(cell => Math.Abs(Cosine(cell / 3, cell % 3)));
            var (axis, world) = (best / 3, best % 3);
            codes[axis] = (Cosine(axis, world) < 0 ? "LPI" : "RAS")[world];
            free.RemoveAll(cell => cell / 3 == axis || cell % 3 == world);
        }

        return new string(codes);
    }

    private static double Cosine(Vector3d a, Vector3d b) => Math.Abs(Vector3d.Dot(a, b)) / (a.Length * b.Length);

    private double Cosine(int axis, int world) => Column(axis)[world] / Column(axis).Length;
}
