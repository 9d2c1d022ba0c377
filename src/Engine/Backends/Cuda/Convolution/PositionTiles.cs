namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>Tiles into which kernels cut the positions of an image.</summary>
internal static class PositionTiles
{
    /// <summary>Tiles of at most that many positions, in whole patches.</summary>
    public static IEnumerable<Size3> Candidates(Size3 extent, int positions, Size3 patch)
    {
        Size3 patches = Count(extent, patch);
        int limit = positions / patch.Count;
        foreach (int width in Extents(patches.Width, limit))
        {
            foreach (int height in Extents(patches.Height, limit / width))
            {
                foreach (int depth in Extents(patches.Depth, limit / width / height))
                    yield return new Size3(depth * patch.Depth, height * patch.Height, width * patch.Width);
            }
        }
    }

    /// <summary>How many tiles cover the extent, by axis.</summary>
    public static Size3 Count(Size3 extent, Size3 tile) => Size3.Map(a => Divide(extent[a], tile[a]));

    /// <summary>Input positions that taps read for a tile.</summary>
    public static Size3 HaloOf(Size3 tile, Size3 inputStep, Size3 taps, Size3 tapStep) =>
        Size3.Map(a => ((tile[a] - 1) * inputStep[a]) + ((taps[a] - 1) * Math.Abs(tapStep[a])) + 1);

    /// <summary>
    /// Positions between two planes of eight channels in shared memory, for the wgmma kernels (PlaneLoader in
    /// kernels/convolution/plane_loader.cuh).
    /// </summary>
    public static int PlanePitch(int positions, int planes) => positions + ((8 + (8 / planes) - (positions % 8)) % 8);

    public static int Divide(int a, int b) => (a + b - 1) / b;

    /// <summary>Powers of two below the limit, and the whole extent if it is small.</summary>
    private static IEnumerable<int> Extents(int extent, int limit)
    {
        for (int size = 1; size < extent && size <= limit; size *= 2)
            yield return size;
        if (extent <= limit)
            yield return extent;
    }
}
