namespace UnpairedSegEngine.Backends;

/// <summary>
/// Inverted dropout whose mask is a function, not a buffer: element i is kept when lane i mod 8 of Philox4x32-10 block i / 8
/// (eight 16-bit lanes, low half of each word first), keyed by <paramref name="Seed"/> with <paramref name="Stream"/> in the
/// upper counter words,
/// is below keep * 65536; kept elements are scaled by 1 / keep. Forward and backward recompute it; a backend may keep the bits.
/// Hinton et al. 2012, arXiv:1207.0580; Salmon et al., SC 2011 (Philox).
/// </summary>
/// <param name="Keep">Probability to keep, in (0, 1]; 1 switches dropout off. Rounded to 1/65536.</param>
/// <param name="Seed">Key, the same for a whole run.</param>
/// <param name="Stream">Tells steps and layers apart.</param>
public readonly record struct DropoutMask(double Keep, ulong Seed, ulong Stream)
{
    /// <summary>Keeps everything.</summary>
    public static readonly DropoutMask None = new(1, 0, 0);

    /// <summary>Whether anything may be dropped.</summary>
    public bool IsActive => Keep < 1;

    /// <summary>A lane below this keeps its element.</summary>
    public int Threshold => (int)Math.Round(Keep * 65536);

    /// <summary>Factor of the kept elements.</summary>
    public double Scale => 65536.0 / Threshold;
}
