using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Bench.Modelling;

/// <summary>
/// From what a launch has to do to the time that it takes: the longest of what its parts take by themselves, as if each hid the
/// others.
/// </summary>
/// <param name="gpu">The GPU.</param>
/// <param name="costs">Of the kernels.</param>
internal sealed class KernelTimes(GpuModel gpu, KernelCosts costs)
{
    /// <summary>Of launches whose kernel has no costs or no rule in <see cref="KernelWork"/>.</summary>
    public const string NotModelled = "not modelled";

    private const int RegistersPerMultiprocessor = 65536,
        ThreadsPerMultiprocessor = 2048,
        BlocksPerMultiprocessor = 32,
        SharedPerMultiprocessor = 228 * 1024,
        SharedPerBlock = 1024,
        RegisterGranularity = 8,
        WarpThreads = 32;

    private readonly KernelWork work = new(gpu);

    /// <summary>Time and sizes of a launch.</summary>
    public (LaunchTime Time, string Sizes) Of(KernelLaunch launch)
    {
        KernelCost cost = costs.Find(launch.Kernel);
        LaunchWork? todo = work.Of(launch, cost);
        LaunchTime time = cost.IsKnown && todo is not null ? TimeOf(todo, launch.Geometry, cost) : OfBytes(todo);
        return (time, todo?.Sizes ?? "");
    }

    /// <summary>Time of a launch whose work is known.</summary>
    public LaunchTime TimeOf(LaunchWork todo, LaunchGeometry geometry, KernelCost cost)
    {
        long blocks = (long)geometry.GridX * geometry.GridY * geometry.GridZ;
        // The busiest multiprocessor has this share of all work.
        double share = Math.Ceiling((double)blocks / gpu.Multiprocessors) / blocks,
            waves = Math.Ceiling((double)blocks / gpu.Multiprocessors / Resident(geometry, cost));
        (double Cycles, string Bound)[] parts =
        [
            (todo.WarpInstructions * share / gpu.Schedulers / gpu.IssueRate, "instructions"),
            (gpu.MemoryCycles(todo.Bytes), "memory"),
            (todo.TensorCycles * share, "tensor cores"),
            (todo.BlockCycles * waves, todo.BlockBound),
        ];
        (double cycles, string bound) = parts.MaxBy(part => part.Cycles);
        return new LaunchTime(
            gpu.Milliseconds(cycles) + (gpu.LaunchMicroseconds / 1e3),
            bound,
            1 / (share * gpu.Multiprocessors),
            gpu.MemoryCycles(todo.Bytes) / cycles
        );
    }

    private LaunchTime OfBytes(LaunchWork? todo) =>
        new(
            gpu.Milliseconds(gpu.MemoryCycles(todo?.Bytes ?? 0)) + (gpu.LaunchMicroseconds / 1e3),
            NotModelled,
            Fill: 1,
            MemoryShare: 1
        );

    /// <summary>Blocks that a multiprocessor holds at a time.</summary>
    private static int Resident(LaunchGeometry geometry, KernelCost cost)
    {
        int threads = (geometry.Threads + WarpThreads - 1) / WarpThreads * WarpThreads,
            registers = (cost.Registers + RegisterGranularity - 1) / RegisterGranularity * RegisterGranularity,
            shared = geometry.SharedBytes + cost.StaticSharedBytes + SharedPerBlock;
        return Math.Max(
            1,
            new[]
            {
                BlocksPerMultiprocessor,
                ThreadsPerMultiprocessor / threads,
                RegistersPerMultiprocessor / (registers * threads),
                SharedPerMultiprocessor / shared,
            }.Min()
        );
    }
}
