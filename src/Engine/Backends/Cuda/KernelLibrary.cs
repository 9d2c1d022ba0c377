using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Cuda.Profiling;

namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>
/// The hand-written kernels of one device: loads the image of a source file when one of its kernels is first asked for, and
/// launches.
/// </summary>
/// <param name="driver">Where modules are loaded and launched.</param>
/// <param name="imageOf">Image of a source file, named as "convolution/forward"; empty where the driver needs none.</param>
/// <param name="stream">Stream of the launches, at first.</param>
internal sealed class KernelLibrary(ICudaDriver driver, Func<string, byte[]> imageOf, nint stream) : IDisposable
{
    /// <summary>Dynamic shared memory that a block may use: what every device since sm_80 grants on request.</summary>
    public const int SharedLimit = 99 * 1024;

    private const int ElementwiseThreads = 256;

    /// <summary>Of a table: there are several entries to fill a device with.</summary>
    private const int MostBlocksOfEntry = 128;

    private readonly Dictionary<string, ICudaModule> modules = [];
    private readonly Dictionary<string, LoadedKernel> functions = [];

    /// <summary>Whether the device has wgmma and bulk copies (sm_90a, which later architectures do not continue).</summary>
    public bool HasWarpgroupMatrices { get; } = driver.Properties.Capability == 90;

    /// <summary>How many blocks run at once that each take a whole multiprocessor.</summary>
    public int Multiprocessors { get; } = driver.Properties.Multiprocessors;

    /// <summary>Stream of the launches.</summary>
    public nint Stream { get; set; } = stream;

    /// <summary>Times every launch while it is set.</summary>
    public CudaClock? Clock { get; set; }

    /// <summary>Sees what every launch and copy names before it is made; null for nobody.</summary>
    public ILaunchWatcher? Watcher { get; set; }

    /// <summary>Launches so far.</summary>
    public long Launches { get; private set; }

    /// <summary>Starts a kernel with its block of parameters.</summary>
    public void Launch<TParameters>(string file, string kernel, in LaunchGeometry geometry, in TParameters parameters)
        where TParameters : unmanaged
    {
        ICudaFunction function = Find(file, kernel, geometry.SharedBytes);
        Launches++;
        Watcher?.Launching(MemoryMarshal.Cast<byte, nint>(MemoryMarshal.AsBytes(new ReadOnlySpan<TParameters>(in parameters))));
        int begin = Clock?.Begin() ?? 0;
        driver.Launch(function, geometry, Stream, parameters);
        Clock?.Launched(kernel, begin);
    }

    /// <summary>Copies between device addresses, in the order of the launches.</summary>
    public void Copy(nint target, nint source, long bytes)
    {
        Watcher?.Launching([target, source]);
        driver.CopyAsync(target, source, bytes, Stream);
    }

    /// <summary>Starts a kernel that walks over <paramref name="count"/> elements in a grid-stride loop.</summary>
    public void LaunchElementwise<TParameters>(string file, string kernel, long count, in TParameters parameters)
        where TParameters : unmanaged => Launch(file, kernel, new LaunchGeometry(Blocks(count), ElementwiseThreads), parameters);

    /// <summary>Starts a kernel whose rows of blocks each do an entry of a table.</summary>
    /// <param name="file">Source file.</param>
    /// <param name="kernel">Name of the kernel.</param>
    /// <param name="longest">Elements of the longest entry.</param>
    /// <param name="entries">Of the table.</param>
    /// <param name="table">The block of parameters.</param>
    public void LaunchTable<TTable>(string file, string kernel, long longest, int entries, in TTable table)
        where TTable : unmanaged =>
        Launch(
            file,
            kernel,
            new LaunchGeometry(Math.Min(MostBlocksOfEntry, Blocks(longest)), entries, 1, ElementwiseThreads, 0),
            table
        );

    /// <summary>
    /// Blocks of 256 threads for that many elements: enough to fill any device, and then each thread takes several.
    /// </summary>
    public static int Blocks(long count) => (int)Math.Clamp((count + ElementwiseThreads - 1) / ElementwiseThreads, 1, 2048);

    /// <summary>A kernel that may be launched with so much dynamic shared memory.</summary>
    /// <param name="file">Source file, named as "convolution/forward".</param>
    /// <param name="kernel">Name of the kernel.</param>
    /// <param name="sharedBytes">Dynamic shared memory of a block.</param>
    /// <exception cref="CudaException">There is no such kernel, or the device has less shared memory.</exception>
    public ICudaFunction Find(string file, string kernel, int sharedBytes = 0)
    {
        if (!functions.TryGetValue(kernel, out LoadedKernel? loaded))
            functions[kernel] = loaded = new LoadedKernel(Load(file).GetFunction(kernel));
        if (sharedBytes > driver.Properties.SharedBytesPerBlock)
            throw new CudaException(
                $"kernel {kernel} needs {sharedBytes} bytes of shared memory, but {driver.Properties.Name} has "
                    + $"{driver.Properties.SharedBytesPerBlock} for a block"
            );
        loaded.Allow(sharedBytes);
        return loaded.Function;
    }

    /// <summary>Loads the image of a file; a device that none fits, or a missing compiler, shows here.</summary>
    /// <exception cref="CudaException">There is no image, or the device does not take it.</exception>
    public ICudaModule Load(string file)
    {
        if (!modules.TryGetValue(file, out ICudaModule? module))
            modules[file] = module = driver.LoadModule(imageOf(file), file);
        return module;
    }

    public void Dispose()
    {
        foreach (ICudaModule module in modules.Values)
            module.Dispose();
        modules.Clear();
        functions.Clear();
    }

    /// <summary>A kernel and how much dynamic shared memory its launches may have so far.</summary>
    private sealed class LoadedKernel(ICudaFunction function)
    {
        private const int SharedWithoutRequest = 48 * 1024;

        private int allowedShared = SharedWithoutRequest;

        public ICudaFunction Function => function;

        public void Allow(int sharedBytes)
        {
            if (sharedBytes <= allowedShared)
                return;
            function.AllowDynamicShared(sharedBytes);
            allowedShared = sharedBytes;
        }
    }
}
