using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Tensors;
using Device = UnpairedSegEngine.Devices.Device;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>
/// A tensor at a fixed address with two stages before it: page-locked host memory, and device memory that a stream of its own
/// fills while kernels still read the
/// tensor. Only the copy between device addresses, at memory speed, waits for them.
/// </summary>
internal sealed unsafe class StagedInput : IRecordedInput
{
    private readonly ICudaDriver driver;
    private readonly nint copies,
        main,
        host;
    private readonly Tensor staging;
    private readonly ICudaEvent arrived,
        taken;

    /// <param name="device">Where the tensor lies.</param>
    /// <param name="driver">Copies.</param>
    /// <param name="copies">Stream of the copies from the host.</param>
    /// <param name="main">Stream of the work that reads the tensor.</param>
    /// <param name="shape">Of the tensor.</param>
    /// <param name="type">Of its elements.</param>
    public StagedInput(Device device, ICudaDriver driver, nint copies, nint main, Shape shape, DType type)
    {
        (this.driver, this.copies, this.main) = (driver, copies, main);
        Tensor = Tensor.Allocate(device, shape, type).Detach();
        try
        {
            staging = Tensor.Allocate(device, shape, type).Detach();
            host = driver.AllocateHost(Tensor.Bytes);
        }
        catch
        {
            staging?.Dispose();
            Tensor.Dispose();
            throw;
        }

        (arrived, taken) = (driver.CreateEvent(), driver.CreateEvent());
        arrived.Record(copies);
        taken.Record(main);
    }

    public Tensor Tensor { get; }

    public void Load<T>(ReadOnlySpan<T> elements)
        where T : unmanaged
    {
        if (DTypes.Of<T>() != Tensor.DType || elements.Length != Tensor.Count)
            throw new ArgumentException($"{elements.Length} elements of {typeof(T).Name} for {Tensor}");
        arrived.Synchronize();
        MemoryMarshal.AsBytes(elements).CopyTo(new Span<byte>((void*)host, checked((int)Tensor.Bytes)));
        driver.Wait(copies, taken);
        driver.CopyAsync(staging.Pointer, host, Tensor.Bytes, copies);
        arrived.Record(copies);
        driver.Wait(main, arrived);
        driver.CopyAsync(Tensor.Pointer, staging.Pointer, Tensor.Bytes, main);
        taken.Record(main);
    }

    public void Dispose()
    {
        arrived.Synchronize();
        driver.FreeHost(host);
        arrived.Dispose();
        taken.Dispose();
        staging.Dispose();
        Tensor.Dispose();
    }
}
