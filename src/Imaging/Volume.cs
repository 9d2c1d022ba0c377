namespace UnpairedSegEngine.Imaging;

/// <summary>Voxels on a grid: images are <c>Volume&lt;float&gt;</c>, label maps <c>Volume&lt;byte&gt;</c>.</summary>
public sealed class Volume<T>
    where T : unmanaged
{
    /// <summary>A volume of zeros.</summary>
    public Volume(Geometry geometry)
        : this(geometry, new T[geometry.VoxelCount]) { }

    /// <summary>Takes over <paramref name="voxels"/>, x fastest.</summary>
    /// <exception cref="ArgumentException">As many voxels as the geometry has are needed.</exception>
    public Volume(Geometry geometry, T[] voxels)
    {
        ArgumentNullException.ThrowIfNull(geometry);
        ArgumentNullException.ThrowIfNull(voxels);
        if (voxels.Length != geometry.VoxelCount)
            throw new ArgumentException(
                $"{voxels.Length} voxels given for a volume of {geometry.ShapeText()} = {geometry.VoxelCount}"
            );
        (Geometry, Voxels) = (geometry, voxels);
    }

    /// <summary>Size in voxels and place in the world.</summary>
    public Geometry Geometry { get; }

    /// <summary>X*Y*Z values, x fastest, then y, then z.</summary>
    public T[] Voxels { get; }

    /// <summary>A voxel, to read or to write.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It lies outside of the volume.</exception>
    public ref T this[int x, int y, int z] => ref Voxels[Index(x, y, z)];

    /// <summary>The x-y plane at <paramref name="z"/>: X*Y values, x fastest.</summary>
    public Span<T> Slice(int z)
    {
        var plane = Geometry.X * Geometry.Y;
        return Voxels.AsSpan(z * plane, plane);
    }

    /// <summary>The same grid with other values.</summary>
    public Volume<TOther> Map<TOther>(Func<T, TOther> value)
        where TOther : unmanaged => new(Geometry, Array.ConvertAll(Voxels, v => value(v)));

    private int Index(int x, int y, int z)
    {
        if ((uint)x >= (uint)Geometry.X || (uint)y >= (uint)Geometry.Y || (uint)z >= (uint)Geometry.Z)
            throw new ArgumentOutOfRangeException($"voxel ({x}, {y}, {z}) lies outside a volume of {Geometry.ShapeText()}");
        return (((z * Geometry.Y) + y) * Geometry.X) + x;
    }
}
