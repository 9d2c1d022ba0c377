namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>
/// The positions of a tensor that kernels on wgmma read in bf16: convolution_operand writes them into planes of eight channels,
/// with the border, so that those kernels only copy (kernels/convolution/plane_producer.cuh).
/// </summary>
/// <param name="From">Coordinates of the first.</param>
/// <param name="To">Coordinates behind the last.</param>
internal readonly record struct OperandBox(Size3 From, Size3 To)
{
    private const int ElementBytes = 2;

    /// <summary>The positions.</summary>
    public Size3 Extent
    {
        get
        {
            (Size3 from, Size3 to) = (From, To);
            return Size3.Map(a => to[a] - from[a]);
        }
    }

    /// <summary>As the kernels get it.</summary>
    public OperandLayout Layout => new() { From = From, Extent = Extent };

    /// <summary>What some tiles read, each <paramref name="step"/> positions behind the one before.</summary>
    /// <param name="from">Where the first tile's halo begins.</param>
    /// <param name="tiles">Tiles per axis.</param>
    /// <param name="step">From tile to tile.</param>
    /// <param name="halo">Positions that a tile reads.</param>
    public static OperandBox OfTiles(Size3 from, Size3 tiles, Size3 step, Size3 halo) =>
        new(from, Size3.Map(a => from[a] + ((tiles[a] - 1) * step[a]) + halo[a]));

    /// <summary>The smallest box with all of several, as far as there are any.</summary>
    public static OperandBox? Join(params ReadOnlySpan<OperandBox?> boxes)
    {
        OperandBox? all = null;
        foreach (OperandBox? box in boxes)
        {
            all =
                all is { } a && box is { } b
                    ? new OperandBox(
                        Size3.Map(axis => Math.Min(a.From[axis], b.From[axis])),
                        Size3.Map(axis => Math.Max(a.To[axis], b.To[axis]))
                    )
                    : all ?? box;
        }

        return all;
    }

    /// <summary>Of the operand.</summary>
    public long Bytes(int samples, int channels) => (long)samples * channels * Extent.Count * ElementBytes;
}
