namespace UnpairedSegEngine.Random;

/// <summary>
/// Draws in sequence from the Philox blocks of one key and of the three upper counter words, which name what is drawn
/// (for example step, modality and sample). Two streams of equal names draw equal values, wherever and whenever.
/// </summary>
public struct PhiloxStream(ulong key, uint name1, uint name2, uint name3)
{
    /// <summary>Words that a normal value is made of.</summary>
    public const int WordsPerNormal = 2;

    private const int WordsPerBlock = 4;

    private uint block;
    private int used = WordsPerBlock;
    private PhiloxWords words;

    /// <summary>By which the stream's words are found: word i is that of block i / 4.</summary>
    public readonly (ulong Key, uint Name1, uint Name2, uint Name3) Name => (key, name1, name2, name3);

    /// <summary>Words drawn so far.</summary>
    public readonly long Position => ((long)block * WordsPerBlock) - (WordsPerBlock - used);

    /// <summary>Passes over some words, as if they had been drawn.</summary>
    public void Skip(long count)
    {
        long position = Position + count;
        (block, used) = ((uint)(position / WordsPerBlock), (int)(position % WordsPerBlock));
        if (used == 0)
            used = WordsPerBlock;
        else
            words = Philox.Block(key, block++, name1, name2, name3);
    }

    /// <summary>The next 32 random bits.</summary>
    public uint NextWord()
    {
        if (used == WordsPerBlock)
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
}
