namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Mean and standard deviation of clipped voxels.</summary>
/// <param name="Mean">0 where there are no voxels.</param>
/// <param name="Deviation">Of the population.</param>
internal readonly record struct VoxelMoments(double Mean, double Deviation)
{
    /// <summary>In double and two passes: values of 1e30, and small differences of large values, keep their digits.</summary>
    /// <param name="voxels">Finite.</param>
    /// <param name="low">What lower voxels are clipped to.</param>
    /// <param name="high">What higher voxels are clipped to.</param>
    /// <param name="above">Only greater voxels count.</param>
    /// <param name="upTo">Only voxels not greater count.</param>
    public static VoxelMoments Of(
        ReadOnlySpan<float> voxels,
        float low,
        float high,
        double above,
        double upTo = double.PositiveInfinity
    )
    {
        double sum = 0,
            squares = 0;
        long count = 0;
        foreach (float voxel in voxels)
        {
            if (!(voxel > above && voxel <= upTo))
                continue;
            sum += Math.Clamp(voxel, low, high);
            count++;
        }

        if (count == 0)
            return default;
        double mean = sum / count;
        foreach (float voxel in voxels)
        {
            if (!(voxel > above && voxel <= upTo))
                continue;
            double difference = Math.Clamp(voxel, low, high) - mean;
            squares += difference * difference;
        }

        return new VoxelMoments(mean, Math.Sqrt(squares / count));
    }
}
