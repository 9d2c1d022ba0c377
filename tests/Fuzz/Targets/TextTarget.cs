using System.Text;

namespace UnpairedSegEngine.Fuzz.Targets;

/// <summary>A parser of text files: JSON, YAML and the like.</summary>
/// <param name="name">For the command line.</param>
/// <param name="path">The input's place below the folder.</param>
/// <param name="seeds">Valid texts.</param>
/// <param name="read">Reads the file; is given the folder, and answers with the bytes that the content needs.</param>
internal sealed class TextTarget(string name, string path, IReadOnlyList<string> seeds, Func<string, long> read)
    : FuzzTarget(name)
{
    public override IReadOnlyList<byte[]> Seeds { get; } = [.. seeds.Select(Encoding.UTF8.GetBytes)];

    public override string FileName => Path.GetFileName(path);

    /// <summary>What lies beside the input.</summary>
    public Action<string>? Beside { get; init; }

    public override void Prepare(string folder)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, path))!);
        Beside?.Invoke(folder);
    }

    public override long Run(byte[] input, string folder)
    {
        File.WriteAllBytes(Path.Combine(folder, path), input);
        return read(folder);
    }

    /// <summary>JSON stays valid half of the time.</summary>
    public override byte[] Mutate(byte[] input, Mutator mutator) =>
        (mutator.Happens(0.5) ? JsonMutator.Mutate(input, mutator) : null) ?? mutator.Text(input);
}
