namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Exact order statistics of finite voxels, in two passes over them and memory that does not grow with them (0.8 MB, and 0.3 MB
/// per different neighbourhood of values asked for): the bits of a
/// voxel, turned so that they sort as its value, are counted by their upper half; where a wanted rank lies, by their lower half.
/// </summary>
internal readonly ref struct VoxelRanks
{
    private const int HalfBits = 16,
        HalfCount = 1 << HalfBits;

    private readonly ReadOnlySpan<float> voxels;
    private readonly int[] countByUpperHalf;

    /// <summary>Ranks among all voxels that are left out, ascending.</summary>
    private readonly (int First, int Count)[] leftOut;

    public VoxelRanks(ReadOnlySpan<float> voxels)
    {
        this.voxels = voxels;
        (countByUpperHalf, leftOut, Count) = (new int[HalfCount], [], voxels.Length);
        foreach (float voxel in voxels)
            countByUpperHalf[Key(voxel) >> HalfBits]++;
    }

    private VoxelRanks(VoxelRanks all, (int First, int Count) without)
    {
        voxels = all.voxels;
        (countByUpperHalf, Count) = (all.countByUpperHalf, all.Count - without.Count);
        leftOut = [.. all.leftOut.Append(without).OrderBy(part => part.First)];
    }

    /// <summary>Voxels that are ranked.</summary>
    public int Count { get; }

    /// <summary>The voxels of given ranks, 0 being the lowest.</summary>
    public float[] At(params ReadOnlySpan<int> ranks)
    {
        var countByLowerHalf = new int[]?[HalfCount];
        Span<(int UpperHalf, int Rank)> places = stackalloc (int, int)[ranks.Length];
        for (int i = 0; i < ranks.Length; i++)
        {
            places[i] = Place(countByUpperHalf, AmongAll(ranks[i]));
            countByLowerHalf[places[i].UpperHalf] ??= new int[HalfCount];
        }

        foreach (float voxel in voxels)
        {
            uint key = Key(voxel);
            if (countByLowerHalf[key >> HalfBits] is { } counts)
                counts[key & (HalfCount - 1)]++;
        }

        var values = new float[ranks.Length];
        for (int i = 0; i < ranks.Length; i++)
        {
            (int upper, int rank) = places[i];
            values[i] = Value(((uint)upper << HalfBits) | (uint)Place(countByLowerHalf[upper]!, rank).Bin);
        }

        return values;
    }

    /// <summary>Percentiles, linear between the two voxels that one lies between (numpy's default).</summary>
    /// <param name="percents">0 to 100.</param>
    public double[] Percentiles(params ReadOnlySpan<double> percents)
    {
        var ranks = new int[2 * percents.Length];
        for (int i = 0; i < percents.Length; i++)
            (ranks[2 * i], ranks[(2 * i) + 1]) = ((int)Position(percents[i]), (int)Math.Ceiling(Position(percents[i])));
        float[] values = At(ranks);
        var percentiles = new double[percents.Length];
        for (int i = 0; i < percents.Length; i++)
        {
            double before = values[2 * i],
                after = values[(2 * i) + 1];
            percentiles[i] = before + ((after - before) * (Position(percents[i]) - ranks[2 * i]));
        }

        return percentiles;
    }

    /// <summary>
    /// Two percentiles; where they coincide although voxels differ, reaching to those of the other voxels: most of a volume may
    /// be one background value.
    /// </summary>
    public (double Low, double High) Spread(double lower, double upper)
    {
        double[] ends = Percentiles(lower, upper);
        if (ends[0] < ends[1])
            return (ends[0], ends[1]);
        VoxelRanks others = Without((float)ends[0]);
        if (others.Count == 0)
            return (ends[0], ends[1]);
        double[] further = others.Percentiles(lower, upper);
        return (Math.Min(ends[0], further[0]), Math.Max(ends[1], further[1]));
    }

    /// <summary>Those of all voxels that are greater than one of them.</summary>
    public VoxelRanks Above(float value)
    {
        (int below, int same) = CountTo(value);
        return new VoxelRanks(this, (0, below + same));
    }

    /// <summary>The ranked voxels but those of one value.</summary>
    public VoxelRanks Without(float value) => new(this, CountTo(value));

    private (int Below, int Same) CountTo(float value)
    {
        int below = 0,
            same = 0;
        foreach (float voxel in voxels)
        {
            below += voxel < value ? 1 : 0;
            same += voxel == value ? 1 : 0;
        }

        return (below, same);
    }

    private double Position(double percent) => percent / 100 * (Count - 1);

    private int AmongAll(int rank)
    {
        foreach ((int first, int count) in leftOut)
            rank += rank >= first ? count : 0;
        return rank;
    }

    private static (int Bin, int Rank) Place(int[] counts, int rank)
    {
        int bin = 0;
        while (rank >= counts[bin])
            rank -= counts[bin++];
        return (bin, rank);
    }

    /// <summary>Bits that sort as the value; both zeros are one.</summary>
    private static uint Key(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value + 0f);
        return (bits & 0x8000_0000) == 0 ? bits | 0x8000_0000 : ~bits;
    }

    private static float Value(uint key) => BitConverter.UInt32BitsToSingle((key & 0x8000_0000) != 0 ? key & 0x7FFF_FFFF : ~key);
}
