using System.Runtime.InteropServices;
using ILGPU.Runtime.CPU;

namespace UnpairedSegEngine.Devices;

/// <summary>
/// Host memory cut from large chunks: a block that comes back joins the free memory beside it, and the next request takes the
/// smallest free piece that holds it. What a chunk has
/// never lent costs address space only. A training step asks for the same blocks in the same order, so from the second on it
/// finds all of them.
/// </summary>
/// <param name="accelerator">Wraps blocks for ILGPU's kernels.</param>
internal sealed unsafe class HostArena(CPUAccelerator accelerator) : IMemorySource
{
    // Blocks begin on cache lines (ILGPU's own memory lies at 16 mod 64).
    private const int Alignment = 64;

    // Small blocks have chunks of their own: some of them, such as running statistics, live on while others of their step go, and
    // would cut the free memory into pieces.
    private const long SmallBlock = 64 << 10,
        SmallChunkBytes = 16L << 20,
        ChunkBytes = 256L << 20;

    private readonly List<Chunk> chunks = [];

    public long Allocations { get; private set; }

    /// <inheritdoc/>
    /// <remarks>What was ever lent: the operating system gives memory with the first write.</remarks>
    public long ReservedBytes => chunks.Sum(chunk => chunk.LentEnd);

    public long CapacityFor(long bytes) => (Math.Max(bytes, 1) + Alignment - 1) / Alignment * Alignment;

    public DeviceBuffer Take(long capacity)
    {
        (Chunk? chunk, int hole) = (null, -1);
        bool isSmall = capacity <= SmallBlock;
        foreach (Chunk candidate in chunks.Where(candidate => candidate.IsSmall == isSmall))
        {
            int found = candidate.BestHole(capacity);
            if (found >= 0 && (chunk is null || candidate.Holes[found].Bytes < chunk.Holes[hole].Bytes))
                (chunk, hole) = (candidate, found);
        }

        chunk ??=
            chunks.Find(candidate => candidate.IsSmall == isSmall && candidate.Remaining >= capacity)
            ?? AddChunk(capacity, isSmall);
        return new DeviceBuffer(chunk.Start + (nint)chunk.Take(hole, capacity), capacity, accelerator);
    }

    public void Put(DeviceBuffer buffer)
    {
        buffer.Free();
        Chunk chunk = chunks.Find(candidate =>
            buffer.Pointer >= candidate.Start && buffer.Pointer < candidate.Start + (nint)candidate.Bytes
        )!;
        chunk.Put(buffer.Pointer - chunk.Start, buffer.Capacity);
    }

    public void Trim()
    {
        foreach (Chunk free in chunks.Where(chunk => chunk.IsFree).ToArray())
        {
            NativeMemory.AlignedFree((void*)free.Start);
            chunks.Remove(free);
        }
    }

    private Chunk AddChunk(long capacity, bool isSmall)
    {
        long bytes = Math.Max(capacity, isSmall ? SmallChunkBytes : ChunkBytes);
        var chunk = new Chunk((nint)NativeMemory.AlignedAlloc((nuint)bytes, Alignment), bytes, isSmall);
        chunks.Add(chunk);
        Allocations++;
        return chunk;
    }

    /// <summary>One allocation, lent from its start; behind <see cref="LentEnd"/> nothing was lent yet.</summary>
    private sealed class Chunk(nint start, long bytes, bool isSmall)
    {
        public bool IsSmall => isSmall;

        public nint Start => start;

        public long Bytes => bytes;

        public long LentEnd { get; private set; }

        public long Remaining => bytes - LentEnd;

        /// <summary>Free pieces before <see cref="LentEnd"/>, in order, none beside another.</summary>
        public List<(long Offset, long Bytes)> Holes { get; } = [];

        public bool IsFree => Holes is [(0, var free)] ? free == LentEnd : LentEnd == 0;

        /// <summary>The first of the smallest holes of at least that capacity; -1 if there is none.</summary>
        public int BestHole(long capacity)
        {
            int best = -1;
            for (int i = 0; i < Holes.Count; i++)
            {
                if (Holes[i].Bytes >= capacity && (best < 0 || Holes[i].Bytes < Holes[best].Bytes))
                    best = i;
            }

            return best;
        }

        /// <summary>
        /// Takes the front of a hole, or what lies behind all that was lent, beginning with the hole there if there is one.
        /// </summary>
        public long Take(int hole, long capacity)
        {
            if (hole < 0)
            {
                long end = LentEnd;
                if (Holes.Count > 0 && Holes[^1].Offset + Holes[^1].Bytes == end)
                {
                    end = Holes[^1].Offset;
                    Holes.RemoveAt(Holes.Count - 1);
                }

                LentEnd = end + capacity;
                return end;
            }

            (long offset, long size) = Holes[hole];
            if (size == capacity)
                Holes.RemoveAt(hole);
            else
                Holes[hole] = (offset + capacity, size - capacity);
            return offset;
        }

        public void Put(long offset, long capacity)
        {
            int next = Holes.FindIndex(hole => hole.Offset > offset);
            if (next < 0)
                next = Holes.Count;
            if (next < Holes.Count && offset + capacity == Holes[next].Offset)
            {
                capacity += Holes[next].Bytes;
                Holes.RemoveAt(next);
            }

            if (next > 0 && Holes[next - 1].Offset + Holes[next - 1].Bytes == offset)
                Holes[next - 1] = (Holes[next - 1].Offset, Holes[next - 1].Bytes + capacity);
            else
                Holes.Insert(next, (offset, capacity));
        }
    }
}
