namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Mean and standard deviation of clipped voxels.</summary>
/// <param name="Mean">0 where there are no voxels.</param>
/// <param name="Deviation">Of the population.</param>
internal readonly record struct VoxelMoments(double Mean, double Deviation)
{
    /// <summary>Over the voxels greater than a threshold, each clipped to [low, high]. In double and two passes: values of 1e30, and small differences of large values, keep their digits.</summary>
    public static VoxelMoments Of(ReadOnlySpan<float> voxels, float low, float high, double above = double.NegativeInfinity)
    {
        double sum = 0, squares = 0;
        long count = 0;
        foreach (float voxel in voxels)
        {
            if (!(voxel > above))
                continue;
            sum += Math.Clamp(voxel, low, high);
            count++;
        }

        if (count == 0)
            return default;
        double mean = sum / count;
        foreach (float voxel in voxels)
        {
            if (!(voxel > above))
                continue;
            double difference = Math.Clamp(voxel, low, high) - mean;
            squares += difference * difference;
        }

        return new VoxelMoments(mean, Math.Sqrt(squares / count));
    }
}
