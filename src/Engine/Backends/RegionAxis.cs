namespace UnpairedSegEngine.Backends;

/// <summary>
/// A region of interest along one axis of its map, which it may leave, and its bins. For the processor and for kernels of ILGPU;
/// kernels/roi_pooling/roi_pooling.cu has the same.
/// </summary>
internal readonly struct RegionAxis
{
    /// <summary>Corners are taken no farther away than this, so that products with numbers of bins stay in 32 bits.</summary>
    private const float Farthest = 1 << 22;

    private readonly int first,
        extent;

    /// <summary>From the scaled and rounded low corner to the high one, which is within; never empty.</summary>
    public RegionAxis(float low, float high, float scale)
    {
        first = Nearest(low * scale);
        int length = Nearest(high * scale) - first + 1;
        extent = length > 1 ? length : 1;
    }

    /// <summary>The nearest whole number, halves away from zero; the lowest for a number that is none.</summary>
    public static int Nearest(float value)
    {
        value = value > -Farthest ? value : -Farthest;
        value = value < Farthest ? value : Farthest;
        int whole = (int)value;
        float rest = value - whole;
        return rest >= 0.5f ? whole + 1
            : rest <= -0.5f ? whole - 1
            : whole;
    }

    /// <summary>The first place of the map in a bin.</summary>
    public int From(int bin, int bins)
    {
        int from = first + (bin * extent / bins);
        return from > 0 ? from : 0;
    }

    /// <summary>The place behind the last in a bin; at or before the first where the bin is empty.</summary>
    public int To(int bin, int bins, int map)
    {
        int to = first + ((((bin + 1) * extent) + bins - 1) / bins);
        return to < map ? to : map;
    }

    /// <summary>The first bin that holds a place of the map.</summary>
    public int FirstBin(int place, int bins) => Holds(place) ? (place - first) * bins / extent : 0;

    /// <summary>The bin behind the last that holds it; 0 where none does.</summary>
    public int EndBin(int place, int bins) => Holds(place) ? (((place - first + 1) * bins) + extent - 1) / extent : 0;

    private bool Holds(int place) => place >= first && place < first + extent;
}
