using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>Definitions written out plainly in float64, shared by several tests.</summary>
internal static class Reference
{
    public static double[] Softmax(double[] z)
    {
        double[] exponentials = [.. z.Select(v => Math.Exp(v - z.Max()))];
        return [.. exponentials.Select(e => e / exponentials.Sum())];
    }

    public static double[] Dropout(double[] x, DropoutMask mask) => [.. x.Select((v, i) => v * Factor(mask, i))];

    /// <summary>By the definition in <see cref="DropoutMask"/>.</summary>
    public static double Factor(DropoutMask mask, int element)
    {
        if (!mask.IsActive)
            return 1;
        PhiloxWords words = Philox.Block(mask.Seed, (uint)(element / 8), 0, (uint)mask.Stream, (uint)(mask.Stream >> 32));
        uint word = (element % 8 / 2) switch
        {
            0 => words.X,
            1 => words.Y,
            2 => words.Z,
            _ => words.W,
        };
        return (element % 2 == 0 ? word & 0xFFFF : word >> 16) < mask.Threshold ? mask.Scale : 0;
    }
}
