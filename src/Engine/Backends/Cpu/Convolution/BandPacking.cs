using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// Copies the input rows that a band of output rows reads into a dense buffer whose borders are already padded, so that
/// everything
/// behind it runs without a border test: zero or mirrored, any stride or dilation. Rows wholly in zero padding are not written:
/// nobody reads them.
/// </summary>
internal sealed class BandPacking
{
    private readonly Size3 input;
    private readonly int channels;
    private readonly PaddingMode padding;
    private readonly Size3 inputStep;
    private readonly int firstRow;
    private readonly int firstColumn;

    public BandPacking(
        Size3 input,
        int channels,
        PaddingMode padding,
        Size3 inputStep,
        Size3 outputCount,
        IReadOnlyCollection<Tap> taps
    )
    {
        (this.input, this.channels, this.padding, this.inputStep) = (input, channels, padding, inputStep);
        DepthOffsets = [.. taps.Select(t => t.Depth).Distinct().Order()];
        firstRow = taps.Min(t => t.Row);
        firstColumn = taps.Min(t => t.Column);
        RowSpan = taps.Max(t => t.Row) - firstRow;
        Columns = ((outputCount.Width - 1) * inputStep.Width) + taps.Max(t => t.Column) - firstColumn + 1;
    }

    /// <summary>The depth slices that taps read, relative to the output slice's position.</summary>
    public int[] DepthOffsets { get; }

    /// <summary>Input rows that the taps of one output row span, less one.</summary>
    public int RowSpan { get; }

    /// <summary>Columns of a packed row.</summary>
    public int Columns { get; }

    /// <summary>Packed rows per depth slice for a band of output rows.</summary>
    public int RowsFor(int outputRows) => ((outputRows - 1) * inputStep.Height) + RowSpan + 1;

    /// <summary>Index of a tap's depth slice in the buffer.</summary>
    public int SliceOf(Tap tap) => Array.IndexOf(DepthOffsets, tap.Depth);

    /// <summary>Row of a tap in the buffer, for the band's first output row.</summary>
    public int RowOf(Tap tap) => tap.Row - firstRow;

    public int ColumnOf(Tap tap) => tap.Column - firstColumn;

    /// <summary>Whether a tap row reads the image at all for an output row; if not, it contributes zeros.</summary>
    public bool Reads(Tap tap, int outputSlice, int outputRow) =>
        padding == PaddingMode.Symmetric
        || (
            (uint)((outputSlice * inputStep.Depth) + tap.Depth) < (uint)input.Depth
            && (uint)((outputRow * inputStep.Height) + tap.Row) < (uint)input.Height
        );

    /// <summary>Packs as (slice, row, column, channel).</summary>
    /// <param name="image">Channels-last input of one sample.</param>
    /// <param name="outputSlice">Depth of the band in the output.</param>
    /// <param name="outputRow">First row of the band.</param>
    /// <param name="outputRows">Rows of the band.</param>
    /// <param name="target">Room for slices x rows x columns x channels.</param>
    public unsafe void Pack<T>(T* image, int outputSlice, int outputRow, int outputRows, T* target)
        where T : unmanaged
    {
        long packedRow = (long)Columns * channels;
        ForEachRow(image, outputSlice, outputRow, outputRows, (row, index) => PackRow((T*)row, target + (index * packedRow)));
    }

    /// <summary>
    /// Packs as (block of channels, slice, row, column, channel of the block), blocks <paramref name="blockChannels"/> wide and
    /// the last perhaps not full.
    /// </summary>
    public unsafe void PackBlocked<T>(T* image, int outputSlice, int outputRow, int outputRows, T* target, int blockChannels)
        where T : unmanaged
    {
        long blockElements = (long)DepthOffsets.Length * RowsFor(outputRows) * Columns * blockChannels;
        bool isOddWidth =
            blockChannels * sizeof(T) > Vector512<byte>.Count || 2 * blockChannels * sizeof(T) < Vector512<byte>.Count;
        ForEachRow(
            image,
            outputSlice,
            outputRow,
            outputRows,
            (row, index) =>
            {
                for (int column = 0; column < Columns; column++)
                {
                    int source = padding.Source(firstColumn + column, input.Width);
                    T* from = (T*)row + ((long)source * channels);
                    T* to = target + (((index * Columns) + column) * blockChannels);

                    // Elsewhere a whole vector is copied: the surplus lies inside the image, spans no more than the next column,
                    // and that overwrites it.
                    bool exact = isOddWidth || source < 0 || source == input.Width - 1 || column == Columns - 1;
                    for (int first = 0; first < channels; first += blockChannels, to += blockElements)
                    {
                        if (exact)
                            CopyOrClear(source < 0 ? null : from + first, to, Math.Min(blockChannels, channels - first));
                        else
                            Vector512.Load((byte*)(from + first)).Store((byte*)to);
                    }
                }
            }
        );
    }

    private static unsafe void CopyOrClear<T>(T* from, T* to, int count)
        where T : unmanaged
    {
        if (from == null)
            new Span<T>(to, count).Clear();
        else
            new ReadOnlySpan<T>(from, count).CopyTo(new Span<T>(to, count));
    }

    /// <summary>Packs as (slice, row, channel, column), each row of columns <paramref name="columnStride"/> long.</summary>
    public unsafe void PackPlanar<T>(T* image, int outputSlice, int outputRow, int outputRows, T* target, int columnStride)
        where T : unmanaged
    {
        long packedRow = (long)columnStride * channels;
        ForEachRow(
            image,
            outputSlice,
            outputRow,
            outputRows,
            (row, index) => PackPlanarRow((T*)row, target + (index * packedRow), columnStride)
        );
    }

    private unsafe void ForEachRow<T>(T* image, int outputSlice, int outputRow, int outputRows, Action<nint, long> pack)
        where T : unmanaged
    {
        int rows = RowsFor(outputRows);
        for (int slice = 0; slice < DepthOffsets.Length; slice++)
        {
            int depth = padding.Source((outputSlice * inputStep.Depth) + DepthOffsets[slice], input.Depth);
            for (int row = 0; row < rows; row++)
            {
                int height = padding.Source((outputRow * inputStep.Height) + firstRow + row, input.Height);
                if (depth >= 0 && height >= 0)
                    pack(
                        (nint)(image + ((((long)depth * input.Height) + height) * input.Width * channels)),
                        ((long)slice * rows) + row
                    );
            }
        }
    }

    private unsafe void PackRow<T>(T* row, T* target)
        where T : unmanaged
    {
        (int left, int inside) = Interior();
        for (int column = 0; column < left; column++)
            PackBorder(row, column, target);
        Unsafe.CopyBlock(
            target + ((long)left * channels),
            row + ((long)(firstColumn + left) * channels),
            (uint)(inside * channels * sizeof(T))
        );
        for (int column = left + inside; column < Columns; column++)
            PackBorder(row, column, target);
    }

    private unsafe void PackBorder<T>(T* row, int column, T* target)
        where T : unmanaged
    {
        int source = padding.Source(firstColumn + column, input.Width);
        var to = new Span<T>(target + ((long)column * channels), channels);
        if (source < 0)
            to.Clear();
        else
            new ReadOnlySpan<T>(row + ((long)source * channels), channels).CopyTo(to);
    }

    private unsafe void PackPlanarRow<T>(T* row, T* target, int columnStride)
        where T : unmanaged
    {
        (int left, int inside) = Interior();
        Transposition.Run(row + ((long)(firstColumn + left) * channels), inside, channels, channels, target + left, columnStride);
        for (int column = 0; column < Columns; column++)
        {
            if (column == left)
                column += inside;
            if (column >= Columns)
                break;
            int source = padding.Source(firstColumn + column, input.Width);
            for (int channel = 0; channel < channels; channel++)
                target[((long)channel * columnStride) + column] = source < 0 ? default : row[((long)source * channels) + channel];
        }
    }

    /// <summary>Columns before the image, and columns inside it.</summary>
    private (int Left, int Inside) Interior()
    {
        int left = Math.Clamp(-firstColumn, 0, Columns);
        int inside = Math.Max(0, Math.Min(Columns - left, input.Width - (firstColumn + left)));
        return (left, inside);
    }
}
