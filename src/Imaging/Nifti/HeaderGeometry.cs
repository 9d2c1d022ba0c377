namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>The grid a header describes, in mm. Order as in nibabel: sform, else qform, else spacing alone.</summary>
internal static class HeaderGeometry
{
    /// <exception cref="InvalidDataException">The transform in use is not finite, singular or beyond <see cref="GridLimits"/>;
    /// names the field.</exception>
    public static Geometry Read(NiftiHeader header, string file, List<string> notes)
    {
        var transforms = new HeaderTransforms(header, file, notes);
        var stored = header.AffineSource switch
        {
            AffineSource.Sform => transforms.Sform(),
            AffineSource.Qform => transforms.Qform(),
            AffineSource.Spacing => transforms.Centred(),
            _ => throw new InvalidOperationException($"no affine from {header.AffineSource}"),
        };
        var affine = stored.Scaled(header.SpatialUnit.Millimetres());
        var fields = header.AffineSource == AffineSource.Sform ? ("srow_x/y/z", "srow_x/y/z[3]") : ("pixdim", "qoffset_x/y/z");
        RequirePossible(affine, fields, file);
        var geometry = new Geometry(transforms.Size(1), transforms.Size(2), transforms.Size(3), affine);
        notes.AddRange(PlacementNotes.Of(header, geometry));
        return geometry;
    }

    /// <summary>
    /// The same header with this grid in dim, pixdim, sform, qform and units (codes kept where set, else 1: scanner).
    /// </summary>
    public static NiftiHeader Write(NiftiHeader header, Geometry geometry)
    {
        var a = geometry.Affine;
        var (qfac, quatern) = Quaternion.FromAffine(a);
        return header with
        {
            Dim = [3, geometry.X, geometry.Y, geometry.Z, 1, 1, 1, 1],
            PixDim = [qfac, a.Spacing.X, a.Spacing.Y, a.Spacing.Z, 1, 1, 1, 1],
            XyztUnits = SpatialUnits.WithMillimetres(header.XyztUnits),
            SformCode = header.SformCode > 0 ? header.SformCode : 1,
            QformCode = header.QformCode > 0 ? header.QformCode : 1,
            Quatern = quatern,
            QOffset = [a.Origin.X, a.Origin.Y, a.Origin.Z],
            SrowX = [a[0, 0], a[0, 1], a[0, 2], a[0, 3]],
            SrowY = [a[1, 0], a[1, 1], a[1, 2], a[1, 3]],
            SrowZ = [a[2, 0], a[2, 1], a[2, 2], a[2, 3]],
        };
    }

    /// <summary>Holds a transform to <see cref="GridLimits"/>.</summary>
    /// <param name="affine">In mm.</param>
    /// <param name="fields">Names of the fields that axes and origin are from.</param>
    /// <param name="file">For the message.</param>
    /// <exception cref="InvalidDataException">It is not finite, singular or beyond them.</exception>
    public static void RequirePossible(Affine affine, (string Axes, string Origin) fields, string file)
    {
        var (axes, origin) = fields;
        var spacing = affine.Spacing;
        if (!double.IsFinite(spacing.X + spacing.Y + spacing.Z))
            throw HeaderCheck.Bad(file, axes, "not finite", "three axes");
        if (!(affine.Origin.Length <= GridLimits.LargestOrigin))
            throw HeaderCheck.Bad(
                file,
                origin,
                $"{affine.Origin.ToText()} mm",
                $"an origin within {HeaderCheck.Number(GridLimits.LargestOrigin)} mm"
            );
        if (
            affine.I == default
            || affine.J == default
            || affine.K == default
            || affine.VolumeRatio < GridLimits.SmallestVolumeRatio
        )
            throw HeaderCheck.Bad(
                file,
                axes,
                "singular: its axes do not span space",
                "an invertible transform (sform_code 0 leaves it out)"
            );
        if (
            Enumerable.Range(0, 3).Any(axis => !(spacing[axis] is >= GridLimits.SmallestSpacing and <= GridLimits.LargestSpacing))
        )
            throw HeaderCheck.Bad(
                file,
                axes,
                $"a spacing of {spacing.ToText()} mm",
                $"{HeaderCheck.Number(GridLimits.SmallestSpacing)} to {HeaderCheck.Number(GridLimits.LargestSpacing)} mm "
                    + "(see xyzt_units, too)"
            );
    }
}
