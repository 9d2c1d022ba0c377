namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>The upper half of a float32 as a storage format.</summary>
internal static class BFloat16Bits
{
    private const int DroppedBits = 16;
    private const uint DroppedMask = 0xFFFF;

    public static float ToSingle(ushort bits) => BitConverter.UInt32BitsToSingle((uint)bits << DroppedBits);

    /// <summary>Rounds to nearest, ties to even; NaN stays NaN.</summary>
    public static ushort FromDouble(double value) => FromSingle(ToOdd(value));

    /// <inheritdoc cref="FromDouble"/>
    public static ushort FromSingle(float value)
    {
        if (float.IsNaN(value))
            return 0x7FC0;
        uint bits = BitConverter.SingleToUInt32Bits(value);
        uint tieToEven = (bits >> DroppedBits) & 1;
        return (ushort)((bits + (DroppedMask >> 1) + tieToEven) >> DroppedBits);
    }

    /// <summary>
    /// Towards zero, with the last bit set where anything was lost, so that the second rounding sees on which side of a tie the
    /// value lay
    /// (rounding to odd; Boldo and Melquiond 2008).
    /// </summary>
    private static float ToOdd(double value)
    {
        float rounded = (float)value;
        if (rounded == value || double.IsNaN(value))
            return rounded;
        if (Math.Abs((double)rounded) > Math.Abs(value))
            rounded = value > 0 ? MathF.BitDecrement(rounded) : MathF.BitIncrement(rounded);
        return BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(rounded) | 1);
    }
}
