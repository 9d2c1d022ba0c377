using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Imaging.Tests.Metrics;

/// <summary>Surfaces by their definition, for references of the distances between them.</summary>
internal static class SurfaceVoxels
{
    /// <summary>Voxels of label 1 with a face neighbour that is not, or that lies outside.</summary>
    public static IEnumerable<(int X, int Y, int Z)> Of(Volume<byte> v)
    {
        Geometry g = v.Geometry;
        bool Inside(int x, int y, int z) => x >= 0 && y >= 0 && z >= 0 && x < g.X && y < g.Y && z < g.Z && v[x, y, z] == 1;
        return from z in Enumerable.Range(0, g.Z)
            from y in Enumerable.Range(0, g.Y)
            from x in Enumerable.Range(0, g.X)
            where
                Inside(x, y, z)
                && !(
                    Inside(x - 1, y, z)
                    && Inside(x + 1, y, z)
                    && Inside(x, y - 1, z)
                    && Inside(x, y + 1, z)
                    && Inside(x, y, z - 1)
                    && Inside(x, y, z + 1)
                )
            select (x, y, z);
    }
}
