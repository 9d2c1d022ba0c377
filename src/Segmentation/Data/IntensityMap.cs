namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// The clipped linear map that normalization of one volume comes down to: clamp(v, Low, High) * Gain + Offset. In double, since
/// gain and offset of a volume with small contrast around a large
/// value exceed float32.
/// </summary>
public readonly record struct IntensityMap(float Low, float High, double Gain, double Offset)
{
    /// <summary>The map that changes nothing.</summary>
    public static IntensityMap Identity { get; } = new(float.NegativeInfinity, float.PositiveInfinity, 1, 0);

    /// <summary>What an intensity becomes.</summary>
    public float Of(float intensity) => (float)((Math.Clamp(intensity, Low, High) * Gain) + Offset);

    /// <summary>Maps every voxel in place.</summary>
    public void Apply(Span<float> voxels)
    {
        foreach (ref float voxel in voxels)
            voxel = Of(voxel);
    }
}
