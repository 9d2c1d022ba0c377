namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>What padding puts beyond the borders of an axis.</summary>
internal static class PaddedIndex
{
    /// <summary>
    /// The element that stands at <paramref name="index"/> of an axis of <paramref name="extent"/> elements; -1 for zero.
    /// </summary>
    public static int Source(this PaddingMode padding, int index, int extent)
    {
        if ((uint)index < (uint)extent)
            return index;
        if (padding == PaddingMode.Zero)
            return -1;
        return index < 0 ? -1 - index : (2 * extent) - 1 - index;
    }
}
