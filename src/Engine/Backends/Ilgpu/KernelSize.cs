namespace UnpairedSegEngine.Backends.Ilgpu;

/// <summary><see cref="Size3"/> for kernels, with the arithmetic of positions.</summary>
internal readonly struct KernelSize(int depth, int height, int width)
{
    public readonly int Depth = depth,
        Height = height,
        Width = width;

    public long Count => (long)Depth * Height * Width;

    public static implicit operator KernelSize(Size3 size) => new(size.Depth, size.Height, size.Width);

    /// <summary>Coordinates of a position within one sample.</summary>
    public KernelSize At(long position) =>
        new((int)(position / ((long)Height * Width)), (int)(position / Width % Height), (int)(position % Width));

    public long Index(int depth, int height, int width) => ((((long)depth * Height) + height) * Width) + width;

    public bool Holds(int depth, int height, int width) =>
        depth >= 0 && depth < Depth && height >= 0 && height < Height && width >= 0 && width < Width;
}
