using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Backends.Ilgpu;

/// <summary><see cref="DropoutMask"/> for kernels: the same bits as on every other device.</summary>
internal readonly struct KernelDropoutMask(DropoutMask mask)
{
    private readonly double scale = mask.IsActive ? mask.Scale : 1;
    private readonly uint threshold = mask.IsActive ? (uint)mask.Threshold : 65536;
    private readonly ulong seed = mask.Seed,
        stream = mask.Stream;

    /// <summary>Element number <paramref name="element"/> after dropout.</summary>
    public double Apply(long element, double value)
    {
        if (threshold >= 65536)
            return value;
        ulong block = (ulong)element / 8;
        PhiloxWords words = Philox.Block(seed, (uint)block, (uint)(block >> 32), (uint)stream, (uint)(stream >> 32));
        int lane = (int)(element % 8);
        uint word =
            lane < 2 ? words.X
            : lane < 4 ? words.Y
            : lane < 6 ? words.Z
            : words.W;
        uint number = (lane & 1) != 0 ? word >> 16 : word & 0xFFFF;
        return number < threshold ? value * scale : 0;
    }
}
