namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// How a slice of outputs is cut into tiles of 4x4, and which inputs (6x6) and outputs belong to each. A dilated convolution is
/// one for each residue of rows and columns:
/// its tiles take every d-th pixel.
/// </summary>
internal sealed class TileGrid
{
    /// <summary>Outputs along a side of a tile.</summary>
    public const int Outputs = 4;

    /// <summary>Inputs along a side of a tile.</summary>
    public const int Inputs = 6;

    /// <summary>Products of a tile.</summary>
    public const int Positions = Inputs * Inputs;

    private readonly Size3 input;
    private readonly Size3 output;
    private readonly PaddingMode padding;
    private readonly int firstRow,
        firstColumn,
        rowStep,
        columnStep;
    private readonly int tileRows,
        tileColumns;

    /// <param name="input">Extent of the input.</param>
    /// <param name="output">Extent of the output.</param>
    /// <param name="padding">What lies beyond the input's border.</param>
    /// <param name="first">Input position of the first tap for the first output.</param>
    /// <param name="dilation">Distance of neighbouring taps.</param>
    public TileGrid(Size3 input, Size3 output, PaddingMode padding, (int Row, int Column) first, (int Row, int Column) dilation)
    {
        (this.input, this.output, this.padding) = (input, output, padding);
        ((firstRow, firstColumn), (rowStep, columnStep)) = (first, dilation);
        tileRows = Tiles(output.Height, rowStep);
        tileColumns = Tiles(output.Width, columnStep);
        Count = rowStep * columnStep * tileRows * tileColumns;
    }

    /// <summary>
    /// Tiles that a thread transforms at a time: some 10 us of work, a hundred times what it takes to claim it.
    /// </summary>
    public static int TilesPerUnit(int channels) => Math.Max(4, 1024 / channels);

    /// <summary>Tiles of a slice; those of all samples are numbered one after the other.</summary>
    public int Count { get; }

    /// <summary>Where the channels of each of a tile's 36 inputs begin.</summary>
    /// <param name="tile">Number of the tile, over all samples.</param>
    /// <param name="x">The input, (samples, depth, height, width, channels).</param>
    /// <param name="depth">Which of its slices.</param>
    /// <param name="channels">Channels of the input.</param>
    /// <param name="zeros">That many zeros, for what lies in zero padding.</param>
    /// <param name="pointers">Receives 36 addresses.</param>
    public unsafe void InputPointers(int tile, float* x, int depth, int channels, float* zeros, float** pointers)
    {
        (int row, int column) = Corner(tile % Count);
        float* slice = x + SliceOffset(input, tile, depth, channels);
        int* across = stackalloc int[Inputs];
        for (int j = 0; j < Inputs; j++)
            across[j] = Source(column + firstColumn + (j * columnStep), input.Width);
        for (int i = 0; i < Inputs; i++)
        {
            int down = Source(row + firstRow + (i * rowStep), input.Height);
            float* line = slice + ((long)down * input.Width * channels);
            for (int j = 0; j < Inputs; j++)
                *pointers++ = (down | across[j]) < 0 ? zeros : line + ((long)across[j] * channels);
        }
    }

    /// <summary>
    /// Where the channels of each of a tile's 16 outputs begin; <paramref name="outside"/> for those beyond the border.
    /// </summary>
    public unsafe void OutputPointers(int tile, float* y, int depth, int channels, float* outside, float** pointers)
    {
        (int row, int column) = Corner(tile % Count);
        float* slice = y + SliceOffset(output, tile, depth, channels);
        for (int i = 0; i < Outputs; i++)
        {
            int down = row + (i * rowStep);
            for (int j = 0; j < Outputs; j++)
            {
                int across = column + (j * columnStep);
                *pointers++ =
                    down < output.Height && across < output.Width
                        ? slice + ((((long)down * output.Width) + across) * channels)
                        : outside;
            }
        }
    }

    private static int Tiles(int extent, int step) => ((((extent + step - 1) / step) + Outputs - 1) / Outputs);

    /// <summary>Where a slice of the tile's sample begins.</summary>
    private long SliceOffset(Size3 extent, int tile, int depth, int channels) =>
        ((long)(tile / Count * extent.Depth) + depth) * extent.Height * extent.Width * channels;

    /// <summary>The tile's first output.</summary>
    private (int Row, int Column) Corner(int tile)
    {
        int column = tile % tileColumns,
            rest = tile / tileColumns;
        int row = rest % tileRows,
            residue = rest / tileRows;
        return ((residue / columnStep) + (row * Outputs * rowStep), (residue % columnStep) + (column * Outputs * columnStep));
    }

    /// <summary>The element that padding puts at an index; -1 for zero.</summary>
    private int Source(int index, int extent)
    {
        if ((uint)index < (uint)extent)
            return index;
        if (padding == PaddingMode.Zero)
            return -1;

        // Tiles reach beyond the padding where the extent is no multiple of theirs; what they find there is used by outputs that
        // do not exist.
        int mirrored = index < 0 ? -1 - index : (2 * extent) - 1 - index;
        return (uint)mirrored < (uint)extent ? mirrored : -1;
    }
}
