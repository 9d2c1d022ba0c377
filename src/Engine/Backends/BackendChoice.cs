using System.Globalization;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Ilgpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Backends;

/// <summary>Where to compute, as users say it: cpu, cuda, cuda:1, ilgpu or emulated.</summary>
public static class BackendChoice
{
    /// <summary>All names, for help texts.</summary>
    public const string Names =
        "cpu, cuda (or cuda:1 for the second GPU), ilgpu (portable kernels on CUDA, OpenCL or a slow simulator), "
        + "emulated (the CUDA kernels on the processor, for tests)";

    /// <summary>Opens a backend on a device of its own.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="threads">Threads of the CPU backend; 0 for one per processor.</param>
    /// <param name="precision">Arithmetic of convolutions; the CPU has fp32 and bf16, ILGPU fp32.</param>
    /// <param name="exact">Only direct convolutions on the CPU: no Winograd transforms, which round more.</param>
    /// <param name="records">Whether the CUDA kernels' launches may be captured and replayed.</param>
    /// <param name="branches">Whether gradients of weights are captured in a branch of their own.</param>
    /// <exception cref="UsageException">The name is unknown or there is no such device.</exception>
    /// <exception cref="Cuda.Driver.CudaException">CUDA cannot be used here; one line says why.</exception>
    public static OpenedBackend Open(
        string name,
        int threads = 0,
        ConvolutionPrecision precision = ConvolutionPrecision.Fp32,
        bool exact = false,
        bool records = true,
        bool branches = true
    )
    {
        string[] parts = name.ToLowerInvariant().Split(':');
        int index = 0;
        if (
            parts.Length > 2
            || (
                parts.Length == 2
                && (parts[0] != "cuda" || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out index))
            )
        )
            throw Unknown(name);
        bool bfloat16 = parts[0] == "cpu" && precision == ConvolutionPrecision.Bf16;
        if (precision != ConvolutionPrecision.Fp32 && parts[0] is ("cpu" or "ilgpu") && !bfloat16)
            throw new UsageException(
                $"--precision {precision.ToString().ToLowerInvariant()} is for --device cuda; device {name} computes in "
                    + (parts[0] == "cpu" ? "fp32, or rounds as the CUDA kernels do in bf16" : "fp32")
            );
        return new OpenedBackend(
            parts[0] switch
            {
                "cpu" => new CpuBackend(Device.OpenCpu(), threads, exact: exact, bfloat16: bfloat16),
                "ilgpu" => new IlgpuBackend(Device.OpenIlgpu()),
                "cuda" => CudaBackend.Open(index, precision, records, branches),
                "emulated" => CudaBackend.OpenEmulated(Device.OpenCpu(), precision, records, branches),
                _ => throw Unknown(name),
            }
        );
    }

    private static UsageException Unknown(string name) => new($"--device {name} is not known; choose {Names}");
}

/// <summary>A backend together with its device; disposing it ends both.</summary>
public sealed class OpenedBackend(Backend backend) : IDisposable
{
    /// <summary>Computes.</summary>
    public Backend Backend => backend;

    /// <summary>Ends the backend, then its device.</summary>
    public void Dispose()
    {
        Device device = backend.Device;
        backend.Dispose();
        device.Dispose();
    }
}
