using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Where in a volume every voxel of an augmented block is taken from: a rotation in and out of the slice plane, a zoom and a
/// mirroring about the block's centre, all in
/// mm, plus an optional smooth displacement within slices.
/// </summary>
internal readonly struct VolumeTransform
{
    private readonly SampleShape shape;
    private readonly (float Slice, float Row, float Column) centre;

    // Voxel steps in the volume per voxel step in the block, rows and columns ordered slice, row, column.
    private readonly float[] matrix;
    private readonly ElasticField? elastic;

    /// <summary>Draws a transform.</summary>
    /// <param name="settings">How much is varied.</param>
    /// <param name="shape">Size of the block.</param>
    /// <param name="spacing">Voxels of the volume, mm.</param>
    /// <param name="first">The volume's voxel that the block begins at.</param>
    /// <param name="stream">Decides.</param>
    public VolumeTransform(
        AugmentationSettings settings,
        SampleShape shape,
        Vector3d spacing,
        (int Slice, int Row, int Column) first,
        ref PhiloxStream stream
    )
    {
        this.shape = shape;
        centre = (
            first.Slice + ((shape.Depth - 1) * 0.5f),
            first.Row + ((shape.Height - 1) * 0.5f),
            first.Column + ((shape.Width - 1) * 0.5f)
        );
        (double sinPlane, double cosPlane) = Draw(settings.RotationDegrees, ref stream);
        (double sinColumn, double cosColumn) = Draw(settings.TiltDegrees, ref stream);
        (double sinRow, double cosRow) = Draw(settings.TiltDegrees, ref stream);
        double scale = 1 / Math.Exp(stream.NextUniform(-1, 1) * Math.Log(1 + settings.Scaling));
        double[] mirror = [1, 1, stream.NextUniform() < settings.FlipProbability ? -1 : 1];
        mirror[1] = AugmentationSettings.DrawMirror(settings.RowFlipProbability, ref stream);
        mirror[0] = AugmentationSettings.DrawMirror(settings.SliceFlipProbability, ref stream);

        // Axes slice, row, column: about the slice axis, then about the column axis, then about the row axis.
        double[,] inPlane =
        {
            { 1, 0, 0 },
            { 0, cosPlane, sinPlane },
            { 0, -sinPlane, cosPlane },
        };
        double[,] aboutColumn =
        {
            { cosColumn, -sinColumn, 0 },
            { sinColumn, cosColumn, 0 },
            { 0, 0, 1 },
        };
        double[,] aboutRow =
        {
            { cosRow, 0, -sinRow },
            { 0, 1, 0 },
            { sinRow, 0, cosRow },
        };
        double[,] rotation = Multiply(Multiply(inPlane, aboutColumn), aboutRow);
        double[] size = [spacing.Z, spacing.Y, spacing.X];
        matrix = new float[9];
        for (int to = 0; to < 3; to++)
        {
            for (int from = 0; from < 3; from++)
                matrix[(3 * to) + from] = (float)(scale * rotation[to, from] * size[from] / size[to] * mirror[to]);
        }

        elastic = settings.ElasticPixels > 0 ? new ElasticField(settings, shape, ref stream) : null;
    }

    /// <summary>The position in the volume of a voxel of the block.</summary>
    public (float Slice, float Row, float Column) SourceOf(int slice, int row, int column)
    {
        float z = slice - ((shape.Depth - 1) * 0.5f),
            y = row - ((shape.Height - 1) * 0.5f),
            x = column - ((shape.Width - 1) * 0.5f);
        (float down, float right) = elastic?.DisplacementAt(row, column) ?? (0, 0);
        return (
            centre.Slice + (matrix[0] * z) + (matrix[1] * y) + (matrix[2] * x),
            centre.Row + (matrix[3] * z) + (matrix[4] * y) + (matrix[5] * x) + down,
            centre.Column + (matrix[6] * z) + (matrix[7] * y) + (matrix[8] * x) + right
        );
    }

    private static (double Sin, double Cos) Draw(float degrees, ref PhiloxStream stream) =>
        Math.SinCos(stream.NextUniform(-degrees, degrees) * Math.PI / 180);

    private static double[,] Multiply(double[,] a, double[,] b)
    {
        var product = new double[3, 3];
        for (int i = 0; i < 9; i++)
            product[i / 3, i % 3] = (a[i / 3, 0] * b[0, i % 3]) + (a[i / 3, 1] * b[1, i % 3]) + (a[i / 3, 2] * b[2, i % 3]);
        return product;
    }
}
