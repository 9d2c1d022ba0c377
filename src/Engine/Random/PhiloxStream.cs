using System.Runtime.Intrinsics;

namespace UnpairedSegEngine.Random;

/// <summary>
/// Draws in sequence from the Philox blocks of one key and of the three upper counter words, which name what is drawn
/// (for example step, modality and sample). Two streams of equal names draw equal values, wherever and whenever.
/// </summary>
public struct PhiloxStream(ulong key, uint name1, uint name2, uint name3)
{
    private uint block;
    private int used = 4;
    private PhiloxWords words;

    /// <summary>The next 32 random bits.</summary>
    public uint NextWord()
    {
        if (used == 4)
        {
            words = Philox.Block(key, block++, name1, name2, name3);
            used = 0;
        }
        return used++ switch
        {
            0 => words.X,
            1 => words.Y,
            2 => words.Z,
            _ => words.W,
        };
    }

    /// <summary>Uniform in [0, 1).</summary>
    public float NextUniform() => Philox.Uniform(NextWord());

    /// <summary>Uniform in [low, high).</summary>
    public float NextUniform(float low, float high) => Philox.Uniform(NextWord(), low, high);

    /// <summary>An integer in [0, count).</summary>
    public int NextIndex(int count) => Philox.Index(NextWord(), count);

    /// <summary>A standard normal value.</summary>
    public float NextNormal() => Philox.Normal(NextWord(), NextWord()).First;

    /// <summary>
    /// Standard normal values in number: from the next whole block on, two of each pair of words (Box-Muller), in float
    /// arithmetic. Some ten times as fast as one by one, and other values.
    /// </summary>
    public void FillNormal(Span<float> values)
    {
        const int Lanes = 8,
            Blocks = 4;
        used = 4;
        Span<uint> forRadius = stackalloc uint[Lanes],
            forAngle = stackalloc uint[Lanes];
        Span<float> drawn = stackalloc float[2 * Lanes];
        for (; values.Length > 0; values = values[Math.Min(values.Length, 2 * Lanes)..])
        {
            for (int i = 0; i < Blocks; i++)
            {
                PhiloxWords four = Philox.Block(key, block++, name1, name2, name3);
                (forRadius[2 * i], forRadius[(2 * i) + 1]) = (four.X, four.Y);
                (forAngle[2 * i], forAngle[(2 * i) + 1]) = (four.Z, four.W);
            }

            // 1 - u lies in (0, 1], so that the logarithm is finite.
            Vector256<float> radius = Vector256.Sqrt(-2f * Vector256.Log(Vector256<float>.One - Uniform(forRadius)));
            (Vector256<float> sin, Vector256<float> cos) = Vector256.SinCos(2 * MathF.PI * Uniform(forAngle));
            (radius * cos).CopyTo(drawn);
            (radius * sin).CopyTo(drawn[Lanes..]);
            drawn[..Math.Min(values.Length, 2 * Lanes)].CopyTo(values);
        }
    }

    /// <summary>As <see cref="Philox.Uniform(uint)"/>.</summary>
    private static Vector256<float> Uniform(ReadOnlySpan<uint> words) =>
        Vector256.ConvertToSingle((Vector256.Create(words) >> 8).AsInt32()) * (1f / (1 << 24));
}
