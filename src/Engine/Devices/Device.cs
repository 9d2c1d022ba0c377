using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace UnpairedSegEngine.Devices;

/// <summary>An ILGPU accelerator with its memory pool. Owns both; not thread-safe except for the pool.</summary>
public sealed class Device : IDisposable
{
    private const nuint HostAlignment = 64;

    private readonly Context context;

    private Device(Context context, Accelerator accelerator, string name)
    {
        this.context = context;
        Accelerator = accelerator;
        Name = name;
        Pool = new MemoryPool(accelerator is CPUAccelerator cpu
            ? bytes => AllocateHost(cpu, bytes)
            : bytes => new DeviceBuffer(accelerator.Allocate1D<byte>(bytes), bytes));
    }

    public Accelerator Accelerator { get; }

    /// <summary>What <c>--device</c> calls it: "cpu", ...</summary>
    public string Name { get; }

    public MemoryPool Pool { get; }

    /// <summary>Whether device pointers are host pointers.</summary>
    public bool IsHost => Accelerator is CPUAccelerator;

    /// <summary>
    /// The processor. ILGPU's CPU accelerator holds the memory; the CPU backend computes on its pointers.
    /// </summary>
    public static Device OpenCpu()
    {
        // The smallest simulated device: its threads serve only tests of ILGPU kernels.
        var simulated = new CPUDevice(numThreadsPerWarp: 2, numWarpsPerMultiprocessor: 1, numMultiprocessors: Environment.ProcessorCount);
        var context = Context.Create(builder => builder.CPU(simulated).EnableAlgorithms());
        return new Device(context, simulated.CreateCPUAccelerator(context, CPUAcceleratorMode.Parallel), "cpu");
    }

    /// <summary>Copies host memory to the device; returns when the source may be changed.</summary>
    public void Upload(ReadOnlySpan<byte> source, nint target, DeviceBuffer buffer)
    {
        if (IsHost)
        {
            source.CopyTo(HostBytes(target, source.Length));
            return;
        }

        buffer.Memory.AsRawArrayView().SubView(target - buffer.Pointer, source.Length).CopyFromCPU(Accelerator.DefaultStream, source);
        Accelerator.DefaultStream.Synchronize();
    }

    /// <summary>Copies device memory to the host; waits for the work that writes it.</summary>
    public void Download(nint source, DeviceBuffer buffer, Span<byte> target)
    {
        if (IsHost)
        {
            HostBytes(source, target.Length).CopyTo(target);
            return;
        }

        buffer.Memory.AsRawArrayView().SubView(source - buffer.Pointer, target.Length).CopyToCPU(Accelerator.DefaultStream, target);
        Accelerator.DefaultStream.Synchronize();
    }

    public void Dispose()
    {
        Pool.Dispose();
        Accelerator.Dispose();
        context.Dispose();
    }

    private static unsafe Span<byte> HostBytes(nint pointer, int length) => new((void*)pointer, length);

    /// <summary>Host memory on a 64-byte boundary (ILGPU's own lies at 16 mod 64), wrapped as an ILGPU buffer.</summary>
    private static unsafe DeviceBuffer AllocateHost(CPUAccelerator accelerator, long bytes)
    {
        void* block = NativeMemory.AlignedAlloc((nuint)bytes, HostAlignment);
        return new DeviceBuffer(CPUMemoryBuffer.Create(accelerator, (nint)block, bytes, sizeof(byte)), bytes, () => NativeMemory.AlignedFree(block));
    }
}
