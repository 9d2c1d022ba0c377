using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>
/// The way back of <see cref="StagedInput"/>: a copy between device addresses, at memory speed, follows the kernels that write
/// the tensor, and a stream of its own brings it to page-locked host memory while the next kernels run.
/// </summary>
internal sealed class StagedOutput : IRecordedOutput
{
    private readonly ICudaDriver driver;
    private readonly nint results,
        main,
        host;
    private readonly Tensor source,
        staging;
    private readonly ICudaEvent ready,
        arrived;

    /// <param name="driver">Copies.</param>
    /// <param name="results">Stream of the copies to the host.</param>
    /// <param name="main">Stream of the work that writes the tensor.</param>
    /// <param name="source">The tensor; not owned.</param>
    public StagedOutput(ICudaDriver driver, nint results, nint main, Tensor source)
    {
        (this.driver, this.results, this.main, this.source) = (driver, results, main, source);
        staging = Tensor.Allocate(source.Device, source.Shape, source.DType).Detach();
        try
        {
            host = driver.AllocateHost(source.Bytes);
        }
        catch
        {
            staging.Dispose();
            throw;
        }

        (ready, arrived) = (driver.CreateEvent(), driver.CreateEvent());
        arrived.Record(results);
    }

    public void Fetch()
    {
        driver.Wait(main, arrived);
        driver.CopyAsync(staging.Pointer, source.Pointer, source.Bytes, main);
        ready.Record(main);
        driver.Wait(results, ready);
        driver.CopyAsync(host, staging.Pointer, source.Bytes, results);
        arrived.Record(results);
    }

    public ReadOnlyMemory<T> Read<T>()
        where T : unmanaged
    {
        if (DTypes.Of<T>() != source.DType)
            throw new ArgumentException($"{source} holds no {typeof(T).Name}");
        arrived.Synchronize();
        return new HostMemory<T>(host, checked((int)source.Count)).Memory;
    }

    public void Dispose()
    {
        arrived.Synchronize();
        driver.FreeHost(host);
        ready.Dispose();
        arrived.Dispose();
        staging.Dispose();
    }
}
