using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Backends.Cuda.Compilation;

/// <summary>
/// Finds the image of a kernel file for a GPU: one that was built with the program (kernels/images/), else one compiled earlier
/// on this machine, else NVRTC compiles the source.
/// </summary>
/// <param name="sources">The sources, with the images that were built from them in the folder images/.</param>
/// <param name="cacheFolder">Where compiled images are kept.</param>
/// <param name="capability">Compute capability of the GPU as one number, such as 90.</param>
public sealed class KernelImages(KernelSources sources, string cacheFolder, int capability)
{
    /// <summary>The oldest architecture that all kernels compile for; its PTX runs on every later GPU.</summary>
    private const string PortableArchitecture = "compute_80";

    private readonly Lazy<string> hash = new(sources.Hash);
    private readonly KernelCache cache = new(cacheFolder);

    /// <summary>~/.cache/unpairedsegengine/kernels, or below XDG_CACHE_HOME.</summary>
    public static string DefaultCacheFolder =>
        Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
                ? cache
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "unpairedsegengine",
            "kernels"
        );

    /// <summary>What the compilers call the architecture: Hopper's own instructions need the "a".</summary>
    public string Architecture => capability == 90 ? "sm_90a" : $"sm_{capability}";

    /// <summary>
    /// Name of the image of a file such as "convolution/forward" for an architecture: machine code for sm_80, PTX for compute_80.
    /// </summary>
    public static string NameOf(string file, string architecture) =>
        $"{file.Replace('/', '.')}.{architecture}.{(Nvrtc.IsVirtual(architecture) ? "ptx" : "cubin")}";

    /// <summary>The image of a file such as "convolution/forward".</summary>
    /// <exception cref="CudaException">No image was found and none could be made; the message names all that was
    /// tried.</exception>
    public byte[] Load(string file)
    {
        if (FindBuilt(file) is { } built)
            return File.ReadAllBytes(built);
        Nvrtc? compiler = Nvrtc.TryLoad(out string reason);
        if (compiler is not null)
            return LoadCompiled(file, compiler);
        throw new CudaException(
            $"no image of kernels/{file}.cu for {Architecture}: none was built into {ImageFolder} (cmake with nvcc makes "
                + $"them), and {reason}"
        );
    }

    /// <summary>Where the image of a file would come from, for <c>unpairedseg info</c>.</summary>
    public string Describe(string file) =>
        FindBuilt(file) is { } built ? Path.GetFileName(built)
        : Nvrtc.TryLoad(out string reason) is { } compiler
            ? $"{(cache.Has(CachedName(file, compiler)) ? "compiled before" : "compiled when needed")} by NVRTC "
                + $"{compiler.Version}"
        : reason;

    private string ImageFolder => Path.Combine(sources.Folder, "images");

    /// <summary>
    /// Machine code for this architecture, else for an earlier one of the same generation, else what the driver translates.
    /// </summary>
    private string? FindBuilt(string file)
    {
        IEnumerable<string> generation = Enumerable
            .Range(0, (capability % 10) + 1)
            .Reverse()
            .Select(minor => $"sm_{capability / 10}{minor}");
        return generation
            .Prepend(Architecture)
            .Select(architecture => NameOf(file, architecture))
            .Append($"{file.Replace('/', '.')}.fatbin")
            .Append(NameOf(file, PortableArchitecture))
            .Select(name => Path.Combine(ImageFolder, name))
            .FirstOrDefault(File.Exists);
    }

    private string CachedName(string file, Nvrtc compiler) =>
        $"{file.Replace('/', '.')}.{Architecture}.nvrtc-{compiler.Version}.{hash.Value[..16]}.image";

    private byte[] LoadCompiled(string file, Nvrtc compiler)
    {
        string name = CachedName(file, compiler);
        if (cache.Read(name) is { } cached)
            return cached;
        byte[] image = compiler.Compile(sources.PathOf(file), sources.Folder, Architecture).Image;
        cache.Write(name, image);
        return image;
    }
}
