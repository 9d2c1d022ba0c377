namespace UnpairedSegEngine.Imaging.Metrics;

/// <summary>
/// The exact Euclidean distance from every voxel of a box to the nearest of some sites, in time linear in the voxels: one pass
/// per axis, each the lower envelope of
/// parabolas along lines. Felzenszwalb and Huttenlocher, Theory of Computing 8 (2012).
/// </summary>
internal static class DistanceTransform
{
    /// <summary>
    /// Turns zeros at sites and infinity elsewhere into squared distances, in place; infinity everywhere where there is no site.
    /// </summary>
    /// <param name="squares">x fastest, then y, then z.</param>
    /// <param name="sizes">Voxels along x, y and z.</param>
    /// <param name="spacing">mm per voxel along x, y and z.</param>
    public static void Run(double[] squares, int[] sizes, Vector3d spacing)
    {
        for (int axis = 0, stride = 1; axis < 3; stride *= sizes[axis], axis++)
        {
            (int length, int step) = (sizes[axis], stride);
            double size = spacing[axis];
            int lines = squares.Length / length;
            Parallel.For(
                0,
                lines,
                () => new Envelope(length),
                (line, _, envelope) =>
                {
                    envelope.Run(squares, (line / step * step * length) + (line % step), step, size * size);
                    return envelope;
                },
                _ => { }
            );
        }
    }

    /// <summary>The lower envelope of the parabolas f(q) + w (p - q)^2 along one line.</summary>
    private sealed class Envelope(int length)
    {
        private readonly double[] heights = new double[length];
        private readonly int[] vertices = new int[length];
        private readonly double[] borders = new double[length + 1]; // parabola i is the lowest from borders[i] to borders[i + 1]

        public void Run(double[] squares, int first, int step, double weight)
        {
            int last = -1;
            for (int q = 0; q < length; q++)
            {
                heights[q] = squares[first + (q * step)];
                if (double.IsInfinity(heights[q]))
                    continue;
                double border = double.NegativeInfinity;
                for (; last >= 0; last--)
                {
                    border = Intersection(vertices[last], q, weight);
                    if (border > borders[last])
                        break;
                }

                last++;
                (vertices[last], borders[last]) = (q, last == 0 ? double.NegativeInfinity : border);
            }

            if (last < 0)
                return;
            borders[last + 1] = double.PositiveInfinity;
            for (int p = 0, i = 0; p < length; p++)
            {
                while (borders[i + 1] < p)
                    i++;
                double distance = p - vertices[i];
                squares[first + (p * step)] = heights[vertices[i]] + (weight * distance * distance);
            }
        }

        private double Intersection(int a, int b, double weight) =>
            ((heights[b] - heights[a]) / (2 * weight * (b - a))) + (0.5 * (a + b));
    }
}
