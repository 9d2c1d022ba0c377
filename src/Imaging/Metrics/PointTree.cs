namespace UnpairedSegEngine.Imaging.Metrics;

/// <summary>
/// The exact distance to the nearest of some points, whatever the angles between the axes of the grid they lie on: a k-d tree
/// (Bentley 1975). In every
/// range of points, the middle one splits it along one axis; the axes take turns.
/// </summary>
internal sealed class PointTree
{
    private const int LeafSize = 12;

    private readonly Vector3d[] points;

    /// <summary>Takes over the points and orders them.</summary>
    public PointTree(Vector3d[] points)
    {
        this.points = points;
        Split(0, points.Length, 0);
    }

    /// <summary>The distance from a place to the nearest point; infinity where there is none.</summary>
    public double Distance(Vector3d place) => Math.Sqrt(Square(place, 0, points.Length, 0, double.PositiveInfinity));

    private double Square(Vector3d place, int first, int end, int axis, double least)
    {
        if (end - first <= LeafSize)
        {
            for (int i = first; i < end; i++)
                least = Math.Min(least, SquareBetween(place, points[i]));
            return least;
        }

        int middle = (first + end) / 2,
            next = (axis + 1) % 3;
        double beyond = place[axis] - points[middle][axis];
        least = Math.Min(least, SquareBetween(place, points[middle]));
        (int Start, int End) below = (first, middle),
            above = (middle + 1, end);
        (var near, var far) = beyond < 0 ? (below, above) : (above, below);
        least = Square(place, near.Start, near.End, next, least);
        return beyond * beyond < least ? Square(place, far.Start, far.End, next, least) : least;
    }

    private static double SquareBetween(Vector3d a, Vector3d b) => Vector3d.Dot(a - b, a - b);

    private void Split(int first, int end, int axis)
    {
        if (end - first <= LeafSize)
            return;
        int middle = (first + end) / 2;
        Select(first, end - 1, middle, axis);
        Split(first, middle, (axis + 1) % 3);
        Split(middle + 1, end, (axis + 1) % 3);
    }

    /// <summary>
    /// Hoare's selection: no point before <paramref name="rank"/> lies beyond it along the axis, and none behind it lies before.
    /// </summary>
    private void Select(int first, int last, int rank, int axis)
    {
        while (first < last)
        {
            double pivot = points[(first + last) / 2][axis];
            int low = first,
                high = last;
            while (low <= high)
            {
                while (points[low][axis] < pivot)
                    low++;
                while (points[high][axis] > pivot)
                    high--;
                if (low > high)
                    break;
                (points[low], points[high]) = (points[high], points[low]);
                low++;
                high--;
            }

            (first, last) =
                rank <= high ? (first, high)
                : rank >= low ? (low, last)
                : (rank, rank);
        }
    }
}
