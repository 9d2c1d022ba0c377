using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Layers;

/// <summary>
/// First value of each element of a parameter: a function of (seed, parameter name, element), so of nothing else.
/// </summary>
public abstract record Initializer
{
    /// <summary>All 0.</summary>
    public static readonly Initializer Zeros = new Constant(0);

    /// <summary>All 1.</summary>
    public static readonly Initializer Ones = new Constant(1);

    /// <summary>A normal distribution with values beyond two deviations drawn again (TensorFlow's truncated_normal).</summary>
    public static Initializer TruncatedNormal(double deviation) => new NormalDistribution(deviation, 2);

    /// <summary>A normal distribution around 0.</summary>
    public static Initializer Normal(double deviation) => new NormalDistribution(deviation, double.PositiveInfinity);

    /// <summary>
    /// A normal distribution with the deviation of the uniform one that PyTorch draws kernels from, 1 / sqrt(3 inputs).
    /// </summary>
    /// <param name="inputs">Taps times input channels: what one output is summed over.</param>
    public static Initializer UniformLike(int inputs) => Normal(Math.Sqrt(1.0 / (3.0 * inputs)));

    /// <summary>Some values of the parameter called <paramref name="name"/>.</summary>
    /// <param name="values">Receives them.</param>
    /// <param name="first">Element of the parameter that the first of them is.</param>
    /// <param name="seed">Seed of the network.</param>
    /// <param name="name">Name of the parameter.</param>
    public abstract void Fill(Memory<float> values, long first, ulong seed, string name);

    private sealed record Constant(float Value) : Initializer
    {
        public override void Fill(Memory<float> values, long first, ulong seed, string name) => values.Span.Fill(Value);
    }

    private sealed record NormalDistribution(double Deviation, double Cut) : Initializer
    {
        private const int BlockSize = 1 << 16;

        public override void Fill(Memory<float> values, long first, ulong seed, string name)
        {
            uint stream = StableHash(name);
            Parallel.For(
                0,
                (values.Length + BlockSize - 1) / BlockSize,
                block =>
                {
                    int begin = block * BlockSize;
                    Span<float> part = values.Span[begin..Math.Min(values.Length, begin + BlockSize)];
                    for (int i = 0; i < part.Length; i++)
                        part[i] = (float)Deviation * Draw(seed, stream, first + begin + i);
                }
            );
        }

        private float Draw(ulong seed, uint stream, long element)
        {
            for (uint attempt = 0; ; attempt++)
            {
                PhiloxWords words = Philox.Block(seed, (uint)element, (uint)(element >> 32), stream, attempt);
                (float first, float second) = Philox.Normal(words.X, words.Y);
                if (Math.Abs(first) <= Cut)
                    return first;
                if (Math.Abs(second) <= Cut)
                    return second;
            }
        }

        /// <summary>FNV-1a: the same on every run, which string.GetHashCode is not.</summary>
        private static uint StableHash(string text)
        {
            uint hash = 2166136261;
            foreach (char character in text)
                hash = (hash ^ character) * 16777619;
            return hash;
        }
    }
}
