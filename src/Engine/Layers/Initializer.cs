using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Layers;

/// <summary>First value of each element of a parameter: a function of (seed, parameter name, element), so of nothing else.</summary>
public abstract record Initializer
{
    public static readonly Initializer Zeros = new Constant(0);
    public static readonly Initializer Ones = new Constant(1);

    /// <summary>A normal distribution with values beyond two deviations drawn again (TensorFlow's truncated_normal).</summary>
    public static Initializer TruncatedNormal(double deviation) => new NormalDistribution(deviation, 2);

    public static Initializer Normal(double deviation) => new NormalDistribution(deviation, double.PositiveInfinity);

    /// <summary>The <paramref name="count"/> values of the parameter called <paramref name="name"/>.</summary>
    public abstract float[] Values(long count, ulong seed, string name);

    private sealed record Constant(float Value) : Initializer
    {
        public override float[] Values(long count, ulong seed, string name)
        {
            var values = new float[count];
            values.AsSpan().Fill(Value);
            return values;
        }
    }

    private sealed record NormalDistribution(double Deviation, double Cut) : Initializer
    {
        public override float[] Values(long count, ulong seed, string name)
        {
            uint stream = StableHash(name);
            var values = new float[count];
            Parallel.For(0, (int)((count + BlockSize - 1) / BlockSize), block =>
            {
                long end = Math.Min(count, (block + 1L) * BlockSize);
                for (long i = block * (long)BlockSize; i < end; i++)
                    values[i] = (float)Deviation * Draw(seed, stream, i);
            });
            return values;
        }

        private const int BlockSize = 1 << 16;

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
