namespace UnpairedSegEngine.Fuzz;

/// <summary>One parser with small valid inputs.</summary>
/// <param name="name">For the command line, and of its folder in the corpus.</param>
internal abstract class FuzzTarget(string name)
{
    public string Name { get; } = name;

    /// <summary>Valid inputs, which mutations start from.</summary>
    public abstract IReadOnlyList<byte[]> Seeds { get; }

    /// <summary>Whether a person writes the input on the command line, so that no file is named.</summary>
    public virtual bool IsUsage => false;

    /// <summary>What a refusal may name instead of the whole path.</summary>
    public virtual string? FileName => null;

    /// <summary>Writes what the parser needs beside the input, once.</summary>
    public virtual void Prepare(string folder) { }

    /// <summary>Parses an input.</summary>
    /// <param name="input">The bytes of the file.</param>
    /// <param name="folder">Where it may be written.</param>
    /// <returns>Bytes that the content needs in memory now that it was accepted.</returns>
    public abstract long Run(byte[] input, string folder);

    /// <summary>Another input, near to the given one.</summary>
    public abstract byte[] Mutate(byte[] input, Mutator mutator);
}
