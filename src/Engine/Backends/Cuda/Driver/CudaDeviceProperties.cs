namespace UnpairedSegEngine.Backends.Cuda.Driver;

/// <summary>What the launch code asks of a device.</summary>
/// <param name="Name">Name of the product.</param>
/// <param name="Capability">Compute capability as one number: 80, 90, ...</param>
/// <param name="Multiprocessors">Number of streaming multiprocessors.</param>
/// <param name="SharedBytesPerBlock">Most dynamic shared memory that one block may ask for (opt-in limit).</param>
/// <param name="ClockKilohertz">Of the multiprocessors, at most; 0 if unknown.</param>
/// <param name="MemoryClockKilohertz">Of the memory; 0 if unknown.</param>
/// <param name="MemoryBits">Width of the memory bus.</param>
public sealed record CudaDeviceProperties(
    string Name,
    int Capability,
    int Multiprocessors,
    int SharedBytesPerBlock,
    int ClockKilohertz = 0,
    int MemoryClockKilohertz = 0,
    int MemoryBits = 0
);
