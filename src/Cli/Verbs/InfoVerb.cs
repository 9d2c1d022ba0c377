using System.Reflection;
using System.Runtime.InteropServices;
using CommandLine;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("info", HelpText = "Show versions, device and vector level.")]
internal sealed class InfoVerb : IVerb
{
    /// <summary>Version with the commit it was built from.</summary>
    public static string Version { get; } =
        typeof(InfoVerb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public int Run(string[] arguments)
    {
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
        foreach ((string name, string value) in lines)
            Console.WriteLine($"{name,-12} {value}");
        return ExitCode.Ok;
    }
}
