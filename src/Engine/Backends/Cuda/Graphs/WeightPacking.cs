using System.Runtime.CompilerServices;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>
/// The packings of the weights that recorded convolutions read, put off so that a few launches at the beginning do them all.
/// Weights that the recorded work computes itself are
/// not among them.
/// </summary>
internal sealed class WeightPacking(KernelLibrary kernels, MemoryReserve memory, MemoryPool pool) : IDisposable
{
    /// <summary>Packings per launch, as in kernels/convolution/parameters.cuh.</summary>
    private const int TableSize = 40;

    private const int Threads = 256,
        MostBlocks = 128;

    private readonly List<(string Family, PackParameters Packing, int Blocks)> queue = [];
    private readonly List<DeviceBuffer> packed = [];

    /// <summary>Of all packed weights.</summary>
    public long Bytes => packed.Sum(buffer => buffer.Capacity);

    /// <summary>Puts a packing off; 0 where the weights are not there yet when the recorded work begins.</summary>
    /// <param name="family">Name of the kernels that read the packed weights.</param>
    /// <param name="packing">Without the target.</param>
    /// <param name="runs">Of its threads.</param>
    /// <param name="bytes">Of the packed weights.</param>
    /// <returns>Where the packed weights will be.</returns>
    public nint PutOff(string family, PackParameters packing, long runs, long bytes)
    {
        if (memory.Contains(packing.Weights))
            return 0;
        // Written before everything else that is recorded: no block that something before the convolution may use.
        DeviceBuffer target = pool.RentBesideReserve(bytes);
        packed.Add(target);
        packing.Packed = target.Pointer;
        queue.Add((family, packing, Math.Min(MostBlocks, KernelLibrary.Blocks(runs))));
        return target.Pointer;
    }

    /// <summary>Launches what was put off.</summary>
    public void Launch()
    {
        foreach (
            IGrouping<string, (string Family, PackParameters Packing, int Blocks)> family in queue.GroupBy(entry => entry.Family)
        )
        {
            foreach ((string Family, PackParameters Packing, int Blocks)[] chunk in family.Chunk(TableSize))
            {
                var table = default(Table);
                for (int i = 0; i < chunk.Length; i++)
                    table[i] = chunk[i].Packing;
                var geometry = new LaunchGeometry(chunk.Max(entry => entry.Blocks), chunk.Length, 1, Threads, 0);
                kernels.Launch("convolution/pack", $"convolution_pack_many_{family.Key}", geometry, table);
            }
        }

        queue.Clear();
    }

    public void Dispose() => packed.ForEach(pool.Return);

    [InlineArray(TableSize)]
    private struct Table
    {
        private PackParameters first;
    }
}
