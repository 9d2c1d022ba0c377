namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>
/// The three places that a header gives a volume, in the header's unit of length. Formulae: nifti1.h, "3D image (volume)
/// orientation and
/// location in space"; repairs as in nibabel, each noted.
/// </summary>
internal sealed class HeaderTransforms(NiftiHeader header, string file, List<string> notes)
{
    /// <summary>The matrix; a 2D image without a third axis gets one.</summary>
    public Affine Sform()
    {
        Vector3d Column(int c) => new(header.SrowX[c], header.SrowY[c], header.SrowZ[c]);
        var affine = new Affine(Column(0), Column(1), Column(2), Column(3));
        return Size(3) == 1 && affine.K == default ? affine with { K = Across(affine) } : affine;
    }

    /// <exception cref="InvalidDataException">A quaternion that is no rotation, or a spacing that is not finite.</exception>
    public Affine Qform()
    {
        if (!HasRotation)
            throw HeaderCheck.Bad(file, "quatern_b/c/d", $"of squared norm {HeaderCheck.Number(SquaredNorm)}", "at most 1");
        var (i, j, k) = Quaternion.Axes(header.Quatern[0], header.Quatern[1], header.Quatern[2]);
        var origin = new Vector3d(header.QOffset[0], header.QOffset[1], header.QOffset[2]);
        return new Affine(i * Spacing(1), j * Spacing(2), k * (Handedness() * Spacing(3)), origin);
    }

    /// <summary>Spacing alone: centred on the origin, x to the left (the Analyze convention).</summary>
    /// <exception cref="InvalidDataException">A spacing that is not finite.</exception>
    public Affine Centred()
    {
        double InUse(int dimension) => dimension <= header.Dim[0] ? Spacing(dimension) : 1;
        var (dx, dy, dz) = (InUse(1), InUse(2), InUse(3));
        var centre = new Vector3d((Size(1) - 1) / 2.0 * dx, -(Size(2) - 1) / 2.0 * dy, -(Size(3) - 1) / 2.0 * dz);
        return Affine.Diagonal(new(-dx, dy, dz), centre);
    }

    /// <summary>Whether the quaternion can be one of length 1. Float32 rounding may carry it just past.</summary>
    private bool HasRotation => SquaredNorm <= 1 + 1e-6;

    /// <summary>Whether <see cref="Qform"/> gives a transform at all.</summary>
    public bool HasQform => HasRotation && header.PixDim.Skip(1).Take(3).Concat(header.QOffset).All(double.IsFinite);

    private double SquaredNorm => header.Quatern.Sum(component => component * component);

    public int Size(int dimension) => header.Dim[0] >= dimension ? (int)header.Dim[dimension] : 1;

    private int Handedness()
    {
        var qfac = header.PixDim[0];
        // 0 means 1 (nifti1.h).
        if (qfac is not (1 or -1 or 0))
            notes.Add($"pixdim[0] (qfac) is {HeaderCheck.Number(qfac)}: taken as 1");
        return qfac == -1 ? -1 : 1;
    }

    /// <summary>pixdim with nibabel's repairs: the size of a negative one, 1 for 0.</summary>
    private double Spacing(int dimension)
    {
        var spacing = header.PixDim[dimension];
        if (!double.IsFinite(spacing))
            throw HeaderCheck.Bad(file, $"pixdim[{dimension}]", HeaderCheck.Number(spacing), "a positive spacing");
        if (spacing > 0)
            return spacing;
        var repaired = spacing == 0 ? 1 : -spacing;
        notes.Add($"pixdim[{dimension}] is {HeaderCheck.Number(spacing)}: taken as {HeaderCheck.Number(repaired)}");
        return repaired;
    }

    /// <summary>A step of pixdim[3] at right angles to the image, to the right, front or head.</summary>
    private Vector3d Across(Affine affine)
    {
        var normal = Vector3d.Cross(affine.I, affine.J);
        if (!(normal.Length > 0))
            return default;
        var thickness = header.PixDim[3] > 0 ? header.PixDim[3] : 1;
        notes.Add(
            $"the sform of this 2D image has no third axis: one of {HeaderCheck.Number(thickness)} at right angles is assumed"
        );
        double[] components = [normal.X, normal.Y, normal.Z];
        return normal * (Math.Sign(components.MaxBy(Math.Abs)) * thickness / normal.Length);
    }
}
