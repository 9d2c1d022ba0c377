using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>Working memory on a 64-byte boundary that grows to the largest request and is then reused.</summary>
internal sealed unsafe class AlignedScratch : IDisposable
{
    private const nuint Alignment = 64;

    private void* block;
    private long capacity;

    /// <summary>
    /// At least <paramref name="count"/> elements with unspecified content; the block of the last call is invalid.
    /// </summary>
    public T* Get<T>(long count)
        where T : unmanaged
    {
        long bytes = count * sizeof(T);
        if (bytes > capacity)
        {
            Dispose();
            block = NativeMemory.AlignedAlloc((nuint)bytes, Alignment);
            capacity = bytes;
        }

        return (T*)block;
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(block);
        block = null;
        capacity = 0;
    }
}
