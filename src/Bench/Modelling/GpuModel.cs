using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>
/// What the model takes a GPU to do: data-sheet numbers, and shares of them that kernels reach. Nothing of it was measured with
/// these kernels.
/// </summary>
public sealed record GpuModel
{
    /// <summary>H100 SXM. Memory: 3.35 TB/s on the data sheet.</summary>
    public static readonly GpuModel H100 = new()
    {
        Name = "h100",
        Product = "NVIDIA H100 SXM",
        MemoryGBytes = 2700,
    };

    /// <summary>The same multiprocessors beside faster memory: 4.8 TB/s on the data sheet.</summary>
    public static readonly GpuModel H200 = H100 with { Name = "h200", Product = "NVIDIA H200 SXM", MemoryGBytes = 3900 };

    private const int OptInSharedBytes = 227 * 1024;

    /// <summary>What <see cref="Find"/> knows, for help texts.</summary>
    public const string Names = "h100, h200";

    /// <summary>As --model says it.</summary>
    public required string Name { get; init; }

    /// <summary>Name of the product.</summary>
    public required string Product { get; init; }

    /// <summary>Compute capability: kernels are those of sm_90a.</summary>
    public int Capability { get; init; } = 90;

    /// <summary>Streaming multiprocessors.</summary>
    public int Multiprocessors { get; init; } = 132;

    /// <summary>Under load; the highest is 1.98.</summary>
    public double GigaHertz { get; init; } = 1.7;

    /// <summary>Of a multiprocessor; each issues one instruction of a warp per cycle at most.</summary>
    public int Schedulers { get; init; } = 4;

    /// <summary>Instructions per cycle of a scheduler that several warps share.</summary>
    public double IssueRate { get; init; } = 0.75;

    /// <summary>Instructions per cycle of a warp by itself.</summary>
    public double WarpIssueRate { get; init; } = 0.6;

    /// <summary>Share of straight code that runs: it has branches for what a launch does not ask for.</summary>
    public double ExecutedShare { get; init; } = 0.5;

    /// <summary>Share of a loading loop that runs where values are taken as they are.</summary>
    public double IdentityShare { get; init; } = 0.5;

    /// <summary>Share of a loading loop that runs where values are normalized and none is dropped.</summary>
    public double NormalizeShare { get; init; } = 0.65;

    /// <summary>Share of the code around the products that runs where outputs are stored without statistics.</summary>
    public double PlainStoreShare { get; init; } = 0.35;

    /// <summary>bfloat16 operations per cycle of a multiprocessor: 989 TFLOP/s on the data sheet.</summary>
    public double TensorFlops { get; init; } = 4096;

    /// <summary>Share of them that wgmma reaches with 128 outputs.</summary>
    public double WgmmaShare128 { get; init; } = 0.9;

    /// <summary>With 64 outputs, as shared memory limits it.</summary>
    public double WgmmaShare64 { get; init; } = 0.87;

    /// <summary>With 32 outputs, as shared memory limits it.</summary>
    public double WgmmaShare32 { get; init; } = 0.67;

    /// <summary>Share of them that mma.sync reaches.</summary>
    public double MmaShare { get; init; } = 0.5;

    /// <summary>From HBM, GB/s: four fifths of the data sheet's.</summary>
    public required double MemoryGBytes { get; init; }

    /// <summary>From the L2 cache, GB/s.</summary>
    public double CacheGBytes { get; init; } = 4500;

    /// <summary>What fits into the L2 cache beside other things: launches that move less find it there.</summary>
    public double CacheMBytes { get; init; } = 30;

    /// <summary>Cycles from a load of global memory to its value.</summary>
    public double LoadCycles { get; init; } = 700;

    /// <summary>Cycles of a multiprocessor for a bulk copy, however short.</summary>
    public double CopyCycles { get; init; } = 16;

    /// <summary>Cycles of a MEMBAR.</summary>
    public double FenceCycles { get; init; } = 250;

    /// <summary>Cycles until the first halo of a block that has a multiprocessor to itself.</summary>
    public double BlockStartCycles { get; init; } = 3000;

    /// <summary>Between a kernel of a graph and the next.</summary>
    public double LaunchMicroseconds { get; init; } = 1.0;

    /// <summary>To start a graph.</summary>
    public double GraphMicroseconds { get; init; } = 8;

    /// <summary>For numbers to reach the host and what follows from them to come back.</summary>
    public double HostWaitMicroseconds { get; init; } = 30;

    /// <summary>A model by its name.</summary>
    /// <exception cref="UsageException">There is none of that name.</exception>
    public static GpuModel Find(string name) =>
        name switch
        {
            "h100" => H100,
            "h200" => H200,
            _ => throw new UsageException($"--model '{name}' is not known; choose {Names}"),
        };

    /// <summary>What the launch code asks of such a GPU.</summary>
    internal CudaDeviceProperties Properties => new(Product, Capability, Multiprocessors, OptInSharedBytes);

    /// <summary>Cycles as milliseconds.</summary>
    internal double Milliseconds(double cycles) => cycles / GigaHertz / 1e6;

    /// <summary>Cycles in which so many bytes of global memory move.</summary>
    internal double MemoryCycles(double bytes) => bytes / (bytes > CacheMBytes * 1e6 ? MemoryGBytes : CacheGBytes) * GigaHertz;

    /// <summary>Cycles in which so many bytes come from the L2 cache to one multiprocessor while all others load, too.</summary>
    internal double CacheCycles(double bytes) => bytes / CacheGBytes * GigaHertz * Multiprocessors;

    /// <summary>Share of the tensor cores' rate that wgmma reaches.</summary>
    /// <param name="outputs">Of a product.</param>
    internal double WgmmaShare(int outputs) =>
        outputs >= 128 ? WgmmaShare128
        : outputs >= 64 ? WgmmaShare64
        : WgmmaShare32;
}
