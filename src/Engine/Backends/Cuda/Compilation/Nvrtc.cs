using System.Runtime.InteropServices;
using System.Text;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Backends.Cuda.Compilation;

/// <summary>A compiled kernel source.</summary>
/// <param name="Image">The cubin, or PTX for a virtual architecture.</param>
/// <param name="Log">What the compiler said.</param>
internal sealed record CompiledKernel(byte[] Image, string Log);

/// <summary>
/// NVIDIA's run-time compiler: from CUDA C++ to a binary image, without a GPU, a driver or any header but ours.
/// </summary>
internal sealed unsafe class Nvrtc
{
    /// <summary>Names the library, or the folder it lies in.</summary>
    public const string PathVariable = "UNPAIREDSEG_NVRTC";

    private readonly delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int> createProgram;
    private readonly delegate* unmanaged<nint, int, byte**, int> compileProgram;
    private readonly delegate* unmanaged<nint*, int> destroyProgram;
    private readonly delegate* unmanaged<nint, nuint*, int> getLogSize,
        getImageSize,
        getPtxSize;
    private readonly delegate* unmanaged<nint, byte*, int> getLog,
        getImage,
        getPtx;

    private Nvrtc(nint library)
    {
        nint Find(string name) => NativeLibrary.GetExport(library, name);
        createProgram = (delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)Find("nvrtcCreateProgram");
        compileProgram = (delegate* unmanaged<nint, int, byte**, int>)Find("nvrtcCompileProgram");
        destroyProgram = (delegate* unmanaged<nint*, int>)Find("nvrtcDestroyProgram");
        getLogSize = (delegate* unmanaged<nint, nuint*, int>)Find("nvrtcGetProgramLogSize");
        getLog = (delegate* unmanaged<nint, byte*, int>)Find("nvrtcGetProgramLog");
        getImageSize = (delegate* unmanaged<nint, nuint*, int>)Find("nvrtcGetCUBINSize");
        getImage = (delegate* unmanaged<nint, byte*, int>)Find("nvrtcGetCUBIN");
        getPtxSize = (delegate* unmanaged<nint, nuint*, int>)Find("nvrtcGetPTXSize");
        getPtx = (delegate* unmanaged<nint, byte*, int>)Find("nvrtcGetPTX");
        int major,
            minor;
        _ = ((delegate* unmanaged<int*, int*, int>)Find("nvrtcVersion"))(&major, &minor);
        Version = $"{major}.{minor}";
    }

    public string Version { get; }

    /// <summary>The compiler, or null and why not.</summary>
    public static Nvrtc? TryLoad(out string reason)
    {
        foreach (string candidate in Candidates())
        {
            if (Path.GetDirectoryName(candidate) is { Length: > 0 } folder)
            {
                if (!File.Exists(candidate))
                    continue;
                // libnvrtc looks for its built-in headers by name only: they are found if they are loaded already.
                foreach (string builtins in Directory.GetFiles(folder, "libnvrtc-builtins.so*"))
                    NativeLibrary.TryLoad(builtins, out _);
            }

            if (!NativeLibrary.TryLoad(candidate, out nint library))
                continue;
            reason = "";
            return new Nvrtc(library);
        }

        reason = $"NVRTC was not found (set {PathVariable} to libnvrtc.so.12 or its folder; tools/fetch-nvrtc.sh downloads it)";
        return null;
    }

    /// <summary>Whether an architecture stands for PTX, which a driver translates for its GPU.</summary>
    public static bool IsVirtual(string architecture) => architecture.StartsWith("compute_", StringComparison.Ordinal);

    /// <param name="source">Path of the .cu file.</param>
    /// <param name="includeFolder">Where <c>#include "common/..."</c> starts; the source's own folder is searched, too.</param>
    /// <param name="architecture">sm_80, sm_90a, ... for a cubin; compute_80, ... for PTX.</param>
    /// <exception cref="CudaException">The source does not compile; the message is the first error with its file and
    /// line.</exception>
    public CompiledKernel Compile(string source, string includeFolder, string architecture)
    {
        nint program;
        fixed (
            byte* text = Utf8(File.ReadAllText(source)),
                name = Utf8(source)
        )
            Require(createProgram(&program, text, name, 0, null, null), "create a program");
        try
        {
            string[] options =
            [
                $"-arch={architecture}",
                "--std=c++17",
                $"-I{includeFolder}",
                $"-I{Path.GetDirectoryName(Path.GetFullPath(source))}",
                "--extra-device-vectorization",
                "--ptxas-options=-v",
            ];
            byte[][] encoded = [.. options.Select(Utf8)];
            GCHandle[] pins = [.. encoded.Select(bytes => GCHandle.Alloc(bytes, GCHandleType.Pinned))];
            int code;
            fixed (nint* pointers = pins.Select(pin => pin.AddrOfPinnedObject()).ToArray())
                code = compileProgram(program, options.Length, (byte**)pointers);
            foreach (GCHandle pin in pins)
                pin.Free();
            string log = Encoding.UTF8.GetString(Read(program, getLogSize, getLog)).TrimEnd('\0');
            if (code != 0)
                throw new CudaException($"{source} does not compile for {architecture}: {FirstError(log)}");
            return new CompiledKernel(
                IsVirtual(architecture) ? Read(program, getPtxSize, getPtx) : Read(program, getImageSize, getImage),
                log
            );
        }
        finally
        {
            _ = destroyProgram(&program);
        }
    }

    private static IEnumerable<string> Candidates()
    {
        string[] names = OperatingSystem.IsWindows()
            ? ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"]
            : ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"];
        if (Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } path)
            return File.Exists(path) ? [path] : names.Select(name => Path.Combine(path, name));
        IEnumerable<string> installed =
            from variable in new[] { "CUDA_HOME", "CUDA_PATH" }
            let root = Environment.GetEnvironmentVariable(variable)
            where !string.IsNullOrEmpty(root)
            from folder in new[] { "lib64", "bin", "targets/x86_64-linux/lib" }
            from name in names
            select Path.Combine(root, folder, name);
        IEnumerable<string> usual = names.Select(name => Path.Combine("/usr/local/cuda/lib64", name));
        return installed.Concat(names).Concat(usual);
    }

    private static string FirstError(string log) =>
        log.Split('\n').FirstOrDefault(line => line.Contains("error", StringComparison.OrdinalIgnoreCase))?.Trim() ?? log.Trim();

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + '\0');

    private static byte[] Read(
        nint program,
        delegate* unmanaged<nint, nuint*, int> size,
        delegate* unmanaged<nint, byte*, int> read
    )
    {
        nuint bytes;
        Require(size(program, &bytes), "ask for the size of a result");
        var result = new byte[(int)bytes];
        fixed (byte* target = result)
            Require(read(program, target), "read a result");
        return result;
    }

    private static void Require(int code, string attempt)
    {
        if (code != 0)
            throw new CudaException($"NVRTC cannot {attempt} (error {code})");
    }
}
