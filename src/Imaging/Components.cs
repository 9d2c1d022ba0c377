namespace UnpairedSegEngine.Imaging;

/// <summary>Connected parts of a label map; voxels are neighbours across faces, edges and corners (26).</summary>
public static class Components
{
    /// <summary>Turns all of a class but its largest part to background, in place; of equal ones the first stays.</summary>
    /// <param name="labels">Label map.</param>
    /// <param name="label">The class.</param>
    /// <returns>Voxels that were removed.</returns>
    public static int KeepLargest(Volume<byte> labels, byte label)
    {
        ArgumentNullException.ThrowIfNull(labels);
        byte[] voxels = labels.Voxels;
        var visited = new bool[voxels.Length];
        List<int> largest = [];
        int total = 0;
        for (int i = 0; i < voxels.Length; i++)
        {
            if (voxels[i] != label || visited[i])
                continue;
            List<int> part = PartOf(labels.Geometry, voxels, visited, i);
            total += part.Count;
            if (part.Count > largest.Count)
                largest = part;
        }

        if (total == largest.Count)
            return 0;
        for (int i = 0; i < voxels.Length; i++)
        {
            if (voxels[i] == label)
                voxels[i] = 0;
        }

        foreach (int voxel in largest)
            voxels[voxel] = label;
        return total - largest.Count;
    }

    private static List<int> PartOf(Geometry grid, byte[] voxels, bool[] visited, int first)
    {
        byte label = voxels[first];
        List<int> part = [first];
        visited[first] = true;
        for (int next = 0; next < part.Count; next++)
        {
            int at = part[next],
                x = at % grid.X,
                y = at / grid.X % grid.Y,
                z = at / (grid.X * grid.Y);
            for (int nz = Math.Max(0, z - 1); nz <= Math.Min(grid.Z - 1, z + 1); nz++)
            {
                for (int ny = Math.Max(0, y - 1); ny <= Math.Min(grid.Y - 1, y + 1); ny++)
                {
                    for (int nx = Math.Max(0, x - 1); nx <= Math.Min(grid.X - 1, x + 1); nx++)
                    {
                        int neighbour = (((nz * grid.Y) + ny) * grid.X) + nx;
                        if (visited[neighbour] || voxels[neighbour] != label)
                            continue;
                        visited[neighbour] = true;
                        part.Add(neighbour);
                    }
                }
            }
        }

        return part;
    }
}
