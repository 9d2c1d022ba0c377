using ILGPU;

namespace UnpairedSegEngine.Backends.Ilgpu;

/// <summary>How kernels read and write an element type: all arithmetic is in float64, rounded once when it is stored.</summary>
internal interface IElement<T>
    where T : unmanaged
{
    static abstract double Load(T value);

    static abstract T Store(double value);
}

internal readonly struct SingleElement : IElement<float>
{
    public static double Load(float value) => value;

    public static float Store(double value) => (float)value;
}

internal readonly struct DoubleElement : IElement<double>
{
    public static double Load(double value) => value;

    public static double Store(double value) => value;
}

/// <summary>
/// bfloat16 as its bits: rounded to nearest even, by way of a float rounded to odd, so that nothing is rounded twice.
/// </summary>
internal readonly struct BFloat16Element : IElement<ushort>
{
    public static double Load(ushort value) => Interop.IntAsFloat((uint)value << 16);

    public static ushort Store(double value)
    {
        if (double.IsNaN(value))
            return 0x7FC0;
        float rounded = (float)value;
        uint bits = Interop.FloatAsInt(rounded);
        if (rounded != value)
        {
            double magnitude = value < 0 ? -value : value,
                roundedMagnitude = rounded < 0 ? -(double)rounded : rounded;
            bits = (roundedMagnitude > magnitude ? bits - 1 : bits) | 1;
        }

        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
