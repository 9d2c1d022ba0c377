namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>The clipped linear map that normalization of one volume comes down to: clamp(v, Low, High) * Gain + Offset.</summary>
public readonly record struct IntensityMap(float Low, float High, float Gain, float Offset)
{
    /// <summary>The map that changes nothing.</summary>
    public static IntensityMap Identity { get; } = new(float.NegativeInfinity, float.PositiveInfinity, 1, 0);

    /// <summary>Maps every voxel in place.</summary>
    public void Apply(Span<float> voxels)
    {
        foreach (ref float voxel in voxels)
        {
            voxel = (Math.Clamp(voxel, Low, High) * Gain) + Offset;
        }
    }
}
