namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// Counter-based random numbers: number n of a key is SplitMix64's output n (Steele, Lea, Flood 2014), so any element can be
/// drawn
/// in any order on any thread. A key is a path of names: the same path gives the same numbers.
/// </summary>
internal readonly struct CounterRandom
{
    private const ulong Gamma = 0x9E3779B97F4A7C15;

    private readonly ulong key;

    private CounterRandom(ulong key) => this.key = key;

    public static CounterRandom FromSeed(ulong seed) => new(Mix(seed + Gamma));

    /// <summary>An independent generator below this one.</summary>
    public CounterRandom this[string name] => new(name.Aggregate(Mix(key + Gamma), (hash, letter) => Mix(hash ^ letter)));

    public CounterRandom this[int number] => new(Mix(Mix(key + Gamma) ^ (ulong)number));

    /// <summary>In [0, 1), number <paramref name="n"/> of this key.</summary>
    public double Uniform(int n) => (Bits(n) >> 11) * (1.0 / (1UL << 53));

    /// <summary>In [low, high).</summary>
    public double Uniform(int n, double low, double high) => low + ((high - low) * Uniform(n));

    /// <summary>
    /// Nearly standard normal: the sum of four uniform words (Irwin-Hall) has the right mean and variance, and tails that end at
    /// 3.5 sigma. Scanner noise needs no more, and it is drawn for every voxel.
    /// </summary>
    public double Normal(int n)
    {
        var bits = Bits(n);
        var sum = (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
        return ((sum / 65535.0) - 2) * 1.7320508075688772;
    }

    private ulong Bits(int n) => Mix(key + (Gamma * ((ulong)(uint)n + 1)));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
