using System.Buffers;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>Host memory that somebody else frees, as <see cref="Memory{T}"/>.</summary>
/// <param name="pointer">Address of the first element.</param>
/// <param name="length">Elements.</param>
internal sealed unsafe class HostMemory<T>(nint pointer, int length) : MemoryManager<T>
    where T : unmanaged
{
    public override Span<T> GetSpan() => new((void*)pointer, length);

    public override MemoryHandle Pin(int elementIndex = 0) => new((T*)pointer + elementIndex);

    public override void Unpin() { }

    protected override void Dispose(bool disposing) { }
}
