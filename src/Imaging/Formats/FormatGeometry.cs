using System.Globalization;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Imaging.Formats;

/// <summary>The grid of a volume of another format, held to the limits of NIfTI files.</summary>
internal static class FormatGeometry
{
    /// <summary>Signs that turn a point's components to RAS.</summary>
    public static readonly Vector3d FromLps = new(-1, -1, 1);

    /// <summary>A grid from what a header says.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="sizes">Voxels along the array axes; further ones must be 1.</param>
    /// <param name="axes">A step along each of the three axes.</param>
    /// <param name="origin">The centre of the first voxel.</param>
    /// <param name="signs">That turn both to RAS.</param>
    /// <param name="fields">Names of the header's fields of axes and origin.</param>
    /// <exception cref="InvalidDataException">More voxels than memory holds, or a grid that is none.</exception>
    public static Geometry Of(
        string file,
        long[] sizes,
        Vector3d[] axes,
        Vector3d origin,
        Vector3d signs,
        (string Axes, string Origin) fields
    )
    {
        var voxels = sizes.Aggregate((Int128)1, (product, size) => product > Array.MaxLength ? product : product * size);
        if (voxels > Array.MaxLength)
            throw new InvalidDataException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{file}: {string.Join("x", sizes)} voxels are more than {Array.MaxLength}, the most of a volume"
                )
            );
        var affine = new Affine(Turn(axes[0]), Turn(axes[1]), Turn(axes[2]), Turn(origin));
        HeaderGeometry.RequirePossible(affine, fields, file);
        return new Geometry((int)sizes[0], (int)sizes[1], (int)sizes[2], affine);

        Vector3d Turn(Vector3d v) => new(v.X * signs.X, v.Y * signs.Y, v.Z * signs.Z);
    }
}
