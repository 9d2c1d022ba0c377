using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>Native memory between two poisoned margins: finds writes outside, and elements that were never written.</summary>
internal sealed unsafe class GuardedBuffer<T> : IDisposable
    where T : unmanaged
{
    private const int Margin = 1024;
    private const byte Poison = 0xA5;

    private readonly byte* block;
    private readonly int count;

    public GuardedBuffer(int count)
    {
        this.count = count;
        block = (byte*)NativeMemory.AlignedAlloc((nuint)((count * sizeof(T)) + (2 * Margin)), 64);

        // All bits set is NaN in both float types: an element that stays unwritten shows in every comparison.
        new Span<byte>(block, (count * sizeof(T)) + (2 * Margin)).Fill(0xFF);
        new Span<byte>(block, Margin).Fill(Poison);
        new Span<byte>(block + Margin + (count * sizeof(T)), Margin).Fill(Poison);
    }

    public GuardedBuffer(ReadOnlySpan<T> content)
        : this(content.Length) => content.CopyTo(Content);

    public T* Pointer => (T*)(block + Margin);

    public Span<T> Content => new(Pointer, count);

    public void RequireIntactMargins()
    {
        Assert.That(new ReadOnlySpan<byte>(block, Margin).IndexOfAnyExcept(Poison), Is.EqualTo(-1), "written before the buffer");
        Assert.That(
            new ReadOnlySpan<byte>(block + Margin + (count * sizeof(T)), Margin).IndexOfAnyExcept(Poison),
            Is.EqualTo(-1),
            "written behind the buffer"
        );
    }

    public void Dispose() => NativeMemory.AlignedFree(block);
}
