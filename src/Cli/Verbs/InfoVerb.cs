using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Compilation;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Cli.Commands;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("info", HelpText = "Show versions, devices, vector level and which kernels load.")]
internal sealed class InfoVerb : IVerb
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Version with the commit it was built from.</summary>
    public static string Version { get; } =
        typeof(InfoVerb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    /// <summary>Version without the commit.</summary>
    public static string Release => Version.Split('+')[0];

    [Option("json", HelpText = "As JSON, for scripts.")]
    public bool Json { get; init; }

    [Option("commands", HelpText = "Print all commands and options as Markdown instead (docs/cli.md).")]
    public bool Commands { get; init; }

    public int Run(string[] arguments)
    {
        if (Commands)
        {
            Console.Write(CommandReference.Of(Program.Commands));
            return ExitCode.Ok;
        }

        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device);
        (string Name, string Value)[] lines =
        [
            ("unpairedseg", Version),
            ("runtime", RuntimeInformation.FrameworkDescription),
            ("system", $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}"),
            ("ILGPU", typeof(ILGPU.Context).Assembly.GetName().Version?.ToString(3) ?? "unknown"),
            ("device", device.Name),
            ("backend", backend.Description),
            ("vectors", string.Join(", ", SimdLevels.Available)),
            ("memory", $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20} MiB"),
        ];
        lines = [.. lines, .. Accelerators()];
        if (Json)
        {
            Console.WriteLine(JsonSerializer.Serialize(lines.ToDictionary(line => line.Name, line => line.Value), Format));
            return ExitCode.Ok;
        }

        foreach ((string name, string value) in lines)
            Console.WriteLine($"{name, -12} {value}");
        return ExitCode.Ok;
    }

    /// <summary>The other devices, or in one line why each cannot be used, and where their kernels come from.</summary>
    private static IEnumerable<(string Name, string Value)> Accelerators()
    {
        string cudaLine;
        CudaDeviceProperties? gpu = null;
        try
        {
            using OpenedBackend cuda = BackendChoice.Open("cuda");
            gpu = ((CudaBackend)cuda.Backend).Properties;
            cudaLine = cuda.Backend.Description;
        }
        catch (Exception exception) when (exception is CudaException or ArgumentException)
        {
            cudaLine = exception.Message;
        }

        yield return ("cuda", cudaLine);
        var images = new KernelImages(KernelSources.Shipped, KernelImages.DefaultCacheFolder, gpu?.Capability ?? 90);
        yield return (
            "kernels",
            $"{KernelSources.Shipped.Files.Count} files for {images.Architecture}: {string.Join("; ", KernelSources.Shipped.Files.GroupBy(images.Describe).Select(g => $"{g.Count()} {g.Key}"))}"
        );
        yield return ("emulated", CudaBackend.EmulationUnavailableReason ?? "available");
        using Device ilgpu = Device.OpenIlgpu();
        yield return ("ilgpu", ilgpu.IsHost ? "no GPU that ILGPU can use; its simulator serves" : ilgpu.Accelerator.Name);
    }
}
