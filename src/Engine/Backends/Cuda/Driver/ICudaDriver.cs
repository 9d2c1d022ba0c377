namespace UnpairedSegEngine.Backends.Cuda.Driver;

/// <summary>
/// The part of the CUDA driver API that hand-written kernels need and ILGPU does not offer: binary modules, function attributes,
/// events and graphs.
/// Implementations work in the context of one device and on its memory, whichever context is current on the calling thread.
/// Streams are <c>CUstream</c> handles; 0 is the default stream.
/// Every failure is a <see cref="CudaException"/> with one line that says what to do.
/// </summary>
internal interface ICudaDriver : IDisposable
{
    /// <summary>For logs: the implementation and its version, such as "driver api 13.0".</summary>
    string Description { get; }

    CudaDeviceProperties Properties { get; }

    /// <summary>Loads a cubin, a fatbin or PTX text.</summary>
    /// <param name="name">Named in error messages.</param>
    /// <exception cref="CudaException">The image is damaged or made for another architecture.</exception>
    ICudaModule LoadModule(ReadOnlySpan<byte> image, string name);

    /// <summary>Starts a kernel that takes one block of parameters by value. Asynchronous, allocates nothing.</summary>
    /// <param name="parameters">The block; read before this returns.</param>
    void Launch<TParameters>(ICudaFunction function, in LaunchGeometry geometry, nint stream, in TParameters parameters)
        where TParameters : unmanaged;

    nint CreateStream();

    void DestroyStream(nint stream);

    /// <summary>Waits for all work of the stream; reports what went wrong in it.</summary>
    void Synchronize(nint stream);

    /// <summary>
    /// What is given to the stream from here on starts after what was before the event's last recording; the host waits for
    /// nothing.
    /// </summary>
    void Wait(nint stream, ICudaEvent until);

    /// <summary>Page-locked host memory: copies from it and to it run beside kernels.</summary>
    nint AllocateHost(long bytes);

    void FreeHost(nint memory);

    /// <summary>
    /// Copies between device addresses, or between the device and page-locked or pageable host memory, in stream order.
    /// </summary>
    void CopyAsync(nint target, nint source, long bytes, nint stream);

    /// <summary>Sets bytes in stream order.</summary>
    void SetAsync(nint target, byte value, long bytes, nint stream);

    ICudaEvent CreateEvent();

    /// <summary>
    /// From here to <see cref="EndCapture"/> the work given to the stream, not the default one, is recorded instead of run.
    /// </summary>
    void BeginCapture(nint stream);

    ICudaGraph EndCapture(nint stream);
}

/// <summary>Blocks in the grid, threads in a block and dynamic shared memory of a launch.</summary>
internal readonly record struct LaunchGeometry(int GridX, int GridY, int GridZ, int Threads, int SharedBytes)
{
    /// <summary>A one-dimensional grid without dynamic shared memory.</summary>
    public LaunchGeometry(int blocks, int threads)
        : this(blocks, 1, 1, threads, 0) { }
}

/// <summary>A loaded image. Freeing it invalidates its functions.</summary>
internal interface ICudaModule : IDisposable
{
    /// <exception cref="CudaException">The image has no kernel of that name.</exception>
    ICudaFunction GetFunction(string name);
}

/// <summary>A kernel of a loaded module.</summary>
internal interface ICudaFunction
{
    string Name { get; }

    int Registers { get; }

    int StaticSharedBytes { get; }

    /// <summary>Bytes of local memory per thread: above zero where registers were spilled.</summary>
    int LocalBytes { get; }

    /// <summary>Allows launches with up to this much dynamic shared memory; needed above 48 KB. The last call counts.</summary>
    void AllowDynamicShared(int bytes);
}

/// <summary>A point in a stream; recorded while the stream is captured, a point in each replay of the graph.</summary>
internal interface ICudaEvent : IDisposable
{
    void Record(nint stream);

    /// <summary>
    /// A point for <see cref="ICudaDriver.Wait"/> alone. Within a capture it gives edges of the graph: a stream that waits for it
    /// is captured from then on, too, as a second branch, and must be waited for in turn before the capture ends.
    /// </summary>
    void Mark(nint stream);

    void Synchronize();

    /// <summary>GPU time between two recorded and completed events.</summary>
    double MillisecondsSince(ICudaEvent start);
}

/// <summary>Recorded work, ready to be started with one call.</summary>
internal interface ICudaGraph : IDisposable
{
    void Launch(nint stream);
}
