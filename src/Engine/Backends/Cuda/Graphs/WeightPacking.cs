using System.Runtime.CompilerServices;
using UnpairedSegEngine.Backends.Cuda.Convolution;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>
/// The packings of the weights that recorded convolutions read, put off so that a few launches before a part do them all: before
/// the part after the last one that updates the weights, or before part 0. Weights that the recorded work computes itself are not
/// among them.
/// </summary>
internal sealed class WeightPacking(KernelLibrary kernels, MemoryReserve memory, MemoryPool pool) : IPreparation
{
    /// <summary>Packings per launch, as in kernels/convolution/parameters.cuh.</summary>
    private const int TableSize = 40;

    private readonly List<PutOffPacking> queue = [];
    private readonly List<UpdatedWeights> updates = [];
    private readonly List<DeviceBuffer> packed = [];

    public string Name => "weight packing";

    public int Part { get; set; }

    public IEnumerable<int> Parts => queue.Select(entry => entry.Part).Distinct();

    public long Bytes => packed.Sum(buffer => buffer.Capacity);

    /// <summary>The part that is being recorded changes these weights.</summary>
    public void Updated(Tensor weights) => updates.Add(new UpdatedWeights(weights.Pointer, weights.Bytes, Part));

    /// <summary>Puts a packing off; 0 where the weights are not there yet when the recorded work begins.</summary>
    /// <param name="family">Name of the kernels that read the packed weights.</param>
    /// <param name="packing">Without the target.</param>
    /// <param name="weights">Shape of the weights.</param>
    /// <param name="runs">Of its threads.</param>
    /// <param name="bytes">Of the packed weights.</param>
    /// <returns>Where the packed weights will be.</returns>
    /// <exception cref="NotSupportedException">The part has updated the weights.</exception>
    public nint PutOff(string family, PackParameters packing, Shape weights, long runs, long bytes)
    {
        if (memory.Contains(packing.Weights))
            return 0;
        int part = FirstPartAfterUpdates(packing.Weights, weights);
        // Written before everything else that is recorded: no block that something before the convolution may use.
        DeviceBuffer target = pool.RentBesideReserve(bytes);
        packed.Add(target);
        packing.Packed = target.Pointer;
        queue.Add(new PutOffPacking(part, family, packing, runs));
        return target.Pointer;
    }

    public void Launch(int part)
    {
        foreach (
            IGrouping<string, PutOffPacking> family in queue.Where(entry => entry.Part == part).GroupBy(entry => entry.Family)
        )
        {
            foreach (PutOffPacking[] chunk in family.Chunk(TableSize))
            {
                var table = default(PackTable);
                for (int i = 0; i < chunk.Length; i++)
                    table[i] = chunk[i].Packing;
                kernels.LaunchTable(
                    "convolution/pack",
                    $"convolution_pack_many_{family.Key}",
                    chunk.Max(entry => entry.Runs),
                    chunk.Length,
                    table
                );
            }
        }
    }

    public void Dispose() => packed.ForEach(pool.Return);

    /// <summary>The earliest part before which no update of the weights is missing.</summary>
    private int FirstPartAfterUpdates(nint pointer, Shape weights)
    {
        long bytes = weights.Count * sizeof(float);
        int part = updates.Where(update => update.Overlaps(pointer, bytes)).Select(update => update.Part + 1).LastOrDefault();
        return part <= Part
            ? part
            : throw new NotSupportedException(
                $"part {Part} of the recorded work updates weights {weights} and then convolves with them, but they are packed "
                    + "when a part starts: put a border between the update and the convolution, so that they are two parts"
            );
    }

    private readonly record struct PutOffPacking(int Part, string Family, PackParameters Packing, long Runs);

    /// <summary>Weights, possibly among others in one tensor, and the part that updates them.</summary>
    private readonly record struct UpdatedWeights(nint Pointer, long Bytes, int Part)
    {
        public bool Overlaps(nint other, long otherBytes) => other < Pointer + Bytes && Pointer < other + otherBytes;
    }

    /// <summary>kernels/convolution/parameters.cuh: PackTable.</summary>
    [InlineArray(TableSize)]
    internal struct PackTable
    {
        private PackParameters packings;
    }
}
