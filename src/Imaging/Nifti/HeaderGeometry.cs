namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>
/// The grid a header describes. Order as in nibabel: sform, else qform, else spacing alone with the volume centred on the origin and
/// x running to the left (the Analyze convention). Formulae: nifti1.h, "3D image (volume) orientation and location in space".
/// </summary>
internal static class HeaderGeometry
{
    /// <exception cref="InvalidDataException">The transform in use is not finite or singular; names the field.</exception>
    public static Geometry Read(NiftiHeader header, string file, List<string> notes)
    {
        var (x, y, z) = (Size(header, 1), Size(header, 2), Size(header, 3));
        var affine = header.AffineSource switch
        {
            AffineSource.Sform => Sform(header),
            AffineSource.Qform => Qform(header, file, notes),
            _ => Centred(header, file, notes, x, y, z),
        };
        if (!affine.IsFinite || affine.Determinant == 0)
        {
            var field = header.AffineSource == AffineSource.Sform ? "srow_x/y/z" : "pixdim or qoffset";
            throw HeaderCheck.Bad(file, field, "singular or not finite", "an invertible transform");
        }

        return new Geometry(x, y, z, affine);
    }

    /// <summary>The same header with this grid in dim, pixdim, sform and qform (codes kept where set, else 1: scanner).</summary>
    public static NiftiHeader Write(NiftiHeader header, Geometry geometry)
    {
        var a = geometry.Affine;
        var (qfac, quatern) = Quaternion.FromAffine(a);
        return header with
        {
            Dim = [3, geometry.X, geometry.Y, geometry.Z, 1, 1, 1, 1],
            PixDim = [qfac, a.Spacing.X, a.Spacing.Y, a.Spacing.Z, 1, 1, 1, 1],
            SformCode = header.SformCode > 0 ? header.SformCode : 1,
            QformCode = header.QformCode > 0 ? header.QformCode : 1,
            Quatern = quatern,
            QOffset = [a.Origin.X, a.Origin.Y, a.Origin.Z],
            SrowX = [a[0, 0], a[0, 1], a[0, 2], a[0, 3]],
            SrowY = [a[1, 0], a[1, 1], a[1, 2], a[1, 3]],
            SrowZ = [a[2, 0], a[2, 1], a[2, 2], a[2, 3]],
        };
    }

    private static int Size(NiftiHeader header, int dimension) => header.Dim[0] >= dimension ? (int)header.Dim[dimension] : 1;

    private static Affine Sform(NiftiHeader h)
    {
        Vector3d Column(int c) => new(h.SrowX[c], h.SrowY[c], h.SrowZ[c]);
        return new Affine(Column(0), Column(1), Column(2), Column(3));
    }

    private static Affine Qform(NiftiHeader h, string file, List<string> notes)
    {
        var (b, c, d) = (h.Quatern[0], h.Quatern[1], h.Quatern[2]);
        var norm = (b * b) + (c * c) + (d * d);
        // Float32 rounding may carry a unit quaternion just past 1.
        if (!(norm <= 1 + 1e-6))
            throw HeaderCheck.Bad(file, "quatern_b/c/d", $"of squared norm {HeaderCheck.Number(norm)}", "at most 1");
        var (i, j, k) = Quaternion.Axes(b, c, d);
        // qfac 0 means 1 (nifti1.h).
        var handedness = h.PixDim[0] < 0 ? -1 : 1;
        var origin = new Vector3d(h.QOffset[0], h.QOffset[1], h.QOffset[2]);
        return new Affine(
            i * Spacing(h, 1, file, notes), j * Spacing(h, 2, file, notes), k * (handedness * Spacing(h, 3, file, notes)), origin);
    }

    private static Affine Centred(NiftiHeader h, string file, List<string> notes, int x, int y, int z)
    {
        var (dx, dy, dz) = (Spacing(h, 1, file, notes), Spacing(h, 2, file, notes), Spacing(h, 3, file, notes));
        var centre = new Vector3d((x - 1) / 2.0 * dx, -(y - 1) / 2.0 * dy, -(z - 1) / 2.0 * dz);
        return Affine.Diagonal(new(-dx, dy, dz), centre);
    }

    /// <summary>
    /// pixdim with nibabel's repairs: the size of a negative one, 1 for 0 and for a dimension that is not there.
    /// </summary>
    private static double Spacing(NiftiHeader h, int dimension, string file, List<string> notes)
    {
        if (dimension > h.Dim[0])
            return 1;
        var spacing = h.PixDim[dimension];
        if (!double.IsFinite(spacing))
            throw HeaderCheck.Bad(file, $"pixdim[{dimension}]", HeaderCheck.Number(spacing), "a positive spacing in mm");
        if (spacing > 0)
            return spacing;
        var repaired = spacing == 0 ? 1 : -spacing;
        notes.Add($"pixdim[{dimension}] is {HeaderCheck.Number(spacing)}: taken as {HeaderCheck.Number(repaired)}");
        return repaired;
    }
}
