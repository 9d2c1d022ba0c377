using System.Text;

namespace UnpairedSegEngine.Fuzz.Targets;

/// <summary>A parser of what a person writes on the command line.</summary>
/// <param name="name">For the command line.</param>
/// <param name="seeds">Valid texts.</param>
/// <param name="read">Reads a text.</param>
internal sealed class ArgumentTarget(string name, IReadOnlyList<string> seeds, Action<string> read) : FuzzTarget(name)
{
    public override IReadOnlyList<byte[]> Seeds { get; } = [.. seeds.Select(Encoding.UTF8.GetBytes)];

    public override bool IsUsage => true;

    public override long Run(byte[] input, string folder)
    {
        read(Encoding.UTF8.GetString(input));
        return 0;
    }

    public override byte[] Mutate(byte[] input, Mutator mutator) => mutator.Text(input);
}
