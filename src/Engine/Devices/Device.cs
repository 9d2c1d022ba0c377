using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Devices;

/// <summary>An ILGPU accelerator with its memory pool. Owns both; not thread-safe except for the pool.</summary>
public sealed class Device : IDisposable
{
    private readonly Context context;

    private Device(Context context, Accelerator accelerator, string name, Func<IMemorySource, IMemorySource>? wrap = null)
    {
        this.context = context;
        Accelerator = accelerator;
        Name = name;
        IMemorySource source = accelerator is CPUAccelerator host
            ? new HostArena(host)
            : new ShelvedMemory(bytes => Allocate(accelerator, bytes));
        source = wrap?.Invoke(source) ?? source;
        HasMemory = source is not NoMemory;
        Pool = new MemoryPool(source);
    }

    /// <summary>ILGPU's view of the device.</summary>
    public Accelerator Accelerator { get; }

    /// <summary>What <c>--device</c> calls it: "cpu", "ilgpu", ...</summary>
    public string Name { get; }

    /// <summary>Lends memory to tensors.</summary>
    public MemoryPool Pool { get; }

    /// <summary>Whether tensors have values; false for <see cref="OpenWithoutMemory"/>.</summary>
    public bool HasMemory { get; }

    /// <summary>Whether device pointers are host pointers.</summary>
    public bool IsHost => HasMemory && Accelerator is CPUAccelerator;

    /// <summary>
    /// The processor. ILGPU's CPU accelerator holds the memory; the CPU backend computes on its pointers.
    /// </summary>
    public static Device OpenCpu() => OpenSimulator("cpu");

    /// <summary>
    /// No memory: tensors have shapes and element types only. What is loaded into them is forgotten, and reading them is refused.
    /// Networks of any size cost nothing here; see <see cref="Backends.ShapeBackend"/>.
    /// </summary>
    public static Device OpenWithoutMemory() => OpenSimulator("shapes", _ => new NoMemory());

    /// <summary>The processor with memory that a test may let fail.</summary>
    internal static Device OpenCpu(Func<IMemorySource, IMemorySource> wrap) => OpenSimulator("cpu", wrap);

    /// <summary>
    /// A device for <see cref="Backends.Ilgpu.IlgpuBackend"/>: of the given type, else the first of CUDA, OpenCL and ILGPU's CPU
    /// simulator.
    /// </summary>
    /// <exception cref="UsageException">This machine has no such device, or none that can run the kernels.</exception>
    public static Device OpenIlgpu(AcceleratorType? type = null)
    {
        if (type == AcceleratorType.CPU)
            return OpenSimulator("ilgpu");
        DriverLibraries.Register();
        // Every OpenCL device: those that cannot be used are to be named, not passed over.
        Context context = Context.Create(builder => builder.Cuda().OpenCL(_ => true).EnableAlgorithms());
        ILGPU.Runtime.Device[] found =
        [
            .. context
                .Devices.Where(device => type is null || device.AcceleratorType == type)
                .OrderBy(device => device.AcceleratorType != AcceleratorType.Cuda),
        ];
        if (found.FirstOrDefault(device => ReasonAgainst(device) is null) is { } usable)
            return new Device(context, usable.CreateAccelerator(context), "ilgpu");
        context.Dispose();
        if (type is null)
            return OpenSimulator("ilgpu");
        throw new UsageException(
            found.Length == 0
                ? $"ILGPU found no {type} device on this machine; install its driver or choose another device"
                : $"{type} device {found[0].Name} {ReasonAgainst(found[0])}; choose another device"
        );
    }

    /// <summary>An NVIDIA GPU. That a usable driver is there has been checked (see Backends/Cuda/Driver).</summary>
    /// <param name="index">Number of the GPU, as the driver counts.</param>
    /// <exception cref="UsageException">There is no GPU of that number.</exception>
    public static Device OpenCuda(int index = 0)
    {
        DriverLibraries.Register();
        Context context = Context.Create(builder => builder.Cuda().EnableAlgorithms());
        var devices = context.GetCudaDevices();
        if (index >= 0 && index < devices.Count)
            return new Device(context, devices[index].CreateCudaAccelerator(context), "cuda");
        context.Dispose();
        throw new UsageException($"there is no GPU number {index}: the CUDA driver sees {devices.Count}, counted from 0");
    }

    /// <summary>
    /// What a recording cannot hold is refused while this is true: copies from and to the host, and kernels on another stream
    /// than the recorded one.
    /// </summary>
    internal bool IsRecording { get; set; }

    /// <summary>Refuses what a recording cannot hold.</summary>
    /// <exception cref="NotSupportedException">Work is being recorded.</exception>
    internal void RequireNoRecording(string what)
    {
        if (IsRecording)
            throw new NotSupportedException($"{what} cannot be recorded");
    }

    /// <summary>Copies host memory to the device; returns when the source may be changed.</summary>
    public void Upload(ReadOnlySpan<byte> source, nint target, DeviceBuffer buffer)
    {
        RequireNoRecording("a copy from the host");
        if (!HasMemory)
            return;
        if (IsHost)
        {
            source.CopyTo(HostBytes(target, source.Length));
            return;
        }

        try
        {
            buffer
                .Memory.AsRawArrayView()
                .SubView(target - buffer.Pointer, source.Length)
                .CopyFromCPU(Accelerator.DefaultStream, source);
            Accelerator.DefaultStream.Synchronize();
        }
        catch (AcceleratorException exception)
        {
            throw Failure(exception);
        }
    }

    /// <summary>Copies device memory to the host; waits for the work that writes it.</summary>
    /// <exception cref="InvalidOperationException">The device has no memory.</exception>
    public void Download(nint source, DeviceBuffer buffer, Span<byte> target)
    {
        RequireNoRecording("a copy to the host");
        if (!HasMemory)
            throw NoMemory.Refusal();
        if (IsHost)
        {
            HostBytes(source, target.Length).CopyTo(target);
            return;
        }

        try
        {
            buffer
                .Memory.AsRawArrayView()
                .SubView(source - buffer.Pointer, target.Length)
                .CopyToCPU(Accelerator.DefaultStream, target);
            Accelerator.DefaultStream.Synchronize();
        }
        catch (AcceleratorException exception)
        {
            throw Failure(exception);
        }
    }

    /// <summary>Ends the accelerator and frees the pool's memory.</summary>
    public void Dispose()
    {
        Pool.Dispose();
        Accelerator.Dispose();
        context.Dispose();
    }

    private static Device OpenSimulator(string name, Func<IMemorySource, IMemorySource>? wrap = null)
    {
        // The smallest simulated device: its threads serve only tests of ILGPU kernels.
        var simulated = new CPUDevice(
            numThreadsPerWarp: 2,
            numWarpsPerMultiprocessor: 1,
            numMultiprocessors: Environment.ProcessorCount
        );
        var context = Context.Create(builder => builder.CPU(simulated).EnableAlgorithms());
        return new Device(context, simulated.CreateCPUAccelerator(context, CPUAcceleratorMode.Parallel), name, wrap);
    }

    /// <summary>Where the host waits for the device, it learns what went wrong in any work before.</summary>
    private DeviceException Failure(AcceleratorException exception) =>
        new($"device {Name} ({Accelerator.Name}) failed: {exception.Message}; the GPU's context is lost, start again", exception);

    /// <summary>Why kernels cannot run on a device that ILGPU found; null if they can.</summary>
    private static string? ReasonAgainst(ILGPU.Runtime.Device device) =>
        device switch
        {
            CLDevice { Capabilities.GenericAddressSpace: false } =>
                "lacks the generic address space of OpenCL, without which ILGPU makes no kernels",
            CLDevice { Capabilities.Float64: false } => "does not compute in float64, in which sums are taken",
            _ => null,
        };

    private static unsafe Span<byte> HostBytes(nint pointer, int length) => new((void*)pointer, length);

    /// <exception cref="OutOfMemoryException">The device refuses.</exception>
    private static DeviceBuffer Allocate(Accelerator accelerator, long bytes)
    {
        try
        {
            return new DeviceBuffer(accelerator.Allocate1D<byte>(bytes), bytes);
        }
        catch (AcceleratorException exception)
        {
            throw new OutOfMemoryException(exception.Message, exception);
        }
    }
}
