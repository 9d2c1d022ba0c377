namespace UnpairedSegEngine.Imaging.Nifti;

/// <summary>The rotation part of a qform, stored as (b, c, d) of a unit quaternion with a >= 0 (nifti1.h, "METHOD 2").</summary>
internal static class Quaternion
{
    /// <summary>Columns of the rotation matrix.</summary>
    public static (Vector3d I, Vector3d J, Vector3d K) Axes(double b, double c, double d)
    {
        var a = Math.Sqrt(Math.Max(0, 1 - ((b * b) + (c * c) + (d * d))));
        return (
            new((a * a) + (b * b) - (c * c) - (d * d), 2 * ((b * c) + (a * d)), 2 * ((b * d) - (a * c))),
            new(2 * ((b * c) - (a * d)), (a * a) + (c * c) - (b * b) - (d * d), 2 * ((c * d) + (a * b))),
            new(2 * ((b * d) + (a * c)), 2 * ((c * d) - (a * b)), (a * a) + (d * d) - (b * b) - (c * c))
        );
    }

    /// <summary>
    /// The closest rotation to an affine's directions; qfac -1 where they are left-handed. Shear is lost, as in every qform.
    /// </summary>
    public static (double Qfac, double[] Quatern) FromAffine(Affine affine)
    {
        var qfac = affine.Determinant < 0 ? -1.0 : 1.0;
        var (i, j, k) = ClosestRotation(
            affine.I * (1 / affine.I.Length),
            affine.J * (1 / affine.J.Length),
            affine.K * (qfac / affine.K.Length)
        );
        // The largest of the four components is computed from its square, the others from it: no cancellation.
        double[] squares = [1 + i.X + j.Y + k.Z, 1 + i.X - j.Y - k.Z, 1 - i.X + j.Y - k.Z, 1 - i.X - j.Y + k.Z];
        var largest = Array.IndexOf(squares, squares.Max());
        var s = Math.Sqrt(squares[largest]) / 2;
        var f = 0.25 / s;
        double[] abcd = largest switch
        {
            0 => [s, (j.Z - k.Y) * f, (k.X - i.Z) * f, (i.Y - j.X) * f],
            1 => [(j.Z - k.Y) * f, s, (i.Y + j.X) * f, (k.X + i.Z) * f],
            2 => [(k.X - i.Z) * f, (i.Y + j.X) * f, s, (j.Z + k.Y) * f],
            _ => [(i.Y - j.X) * f, (k.X + i.Z) * f, (j.Z + k.Y) * f, s],
        };
        var sign = abcd[0] < 0 ? -1 : 1;
        return (qfac, [sign * abcd[1], sign * abcd[2], sign * abcd[3]]);
    }

    /// <summary>Polar decomposition by Newton's iteration R = (R + R^-T) / 2 (Higham 1986).</summary>
    private static (Vector3d I, Vector3d J, Vector3d K) ClosestRotation(Vector3d i, Vector3d j, Vector3d k)
    {
        for (var step = 0; step < 30; step++)
        {
            var (ji, ij, kk) = (Vector3d.Cross(j, k), Vector3d.Cross(k, i), Vector3d.Cross(i, j));
            var scale = 1 / Vector3d.Dot(i, ji);
            var (ni, nj, nk) = ((i + (ji * scale)) * 0.5, (j + (ij * scale)) * 0.5, (k + (kk * scale)) * 0.5);
            var change = (ni - i).Length + (nj - j).Length + (nk - k).Length;
            (i, j, k) = (ni, nj, nk);
            if (change < 1e-15)
                break;
        }

        return (i, j, k);
    }
}
