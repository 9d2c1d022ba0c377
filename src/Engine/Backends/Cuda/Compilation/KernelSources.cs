using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Backends.Cuda.Compilation;

/// <summary>The CUDA sources, which are shipped beside the program in kernels/.</summary>
/// <param name="Folder">Where they lie.</param>
public sealed partial record KernelSources(string Folder)
{
    /// <summary>Those in kernels/ beside the program; <see cref="Files"/> is empty where they were not copied.</summary>
    public static KernelSources Shipped { get; } = new(Path.Combine(AppContext.BaseDirectory, "kernels"));

    /// <summary>Every file with kernels, as "convolution/forward".</summary>
    public IReadOnlyList<string> Files =>
        !Directory.Exists(Folder)
            ? []
            :
            [
                .. Directory
                    .GetFiles(Folder, "*.cu", SearchOption.AllDirectories)
                    .Select(path => Path.ChangeExtension(Path.GetRelativePath(Folder, path), null).Replace('\\', '/'))
                    .Order(StringComparer.Ordinal),
            ];

    /// <summary>Path of a file of <see cref="Files"/>; a whole path without extension stays where it points.</summary>
    public string PathOf(string file) => Path.Combine(Folder, file + ".cu");

    /// <summary>Names of the kernels in a file, in their order.</summary>
    public IReadOnlyList<string> KernelsOf(string file) =>
        [.. KernelDeclaration().Matches(File.ReadAllText(PathOf(file))).Select(match => match.Groups[1].Value)];

    /// <summary>A hash of all sources: any change of a shared header may change any kernel.</summary>
    public string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        IEnumerable<string> sources = Directory
            .GetFiles(Folder, "*", SearchOption.AllDirectories)
            .Where(path => path.EndsWith(".cu", StringComparison.Ordinal) || path.EndsWith(".cuh", StringComparison.Ordinal));
        foreach (string path in sources.Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(Folder, path) + '\0'));
            hash.AppendData(File.ReadAllBytes(path));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    [GeneratedRegex(@"^(?:\w+_)?KERNEL\(\s*(\w+)", RegexOptions.Multiline)]
    private static partial Regex KernelDeclaration();
}
