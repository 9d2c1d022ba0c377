using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>Number of a block along each axis.</summary>
internal readonly record struct BlockPlace(int Slab, int Row, int Column);

/// <summary>
/// The overlapping blocks of a volume, slab by slab from the first slice to the last, and the weights with which they become one.
/// </summary>
internal sealed class BlockLayout
{
    private readonly PreparedCase prepared;

    public BlockLayout(PreparedCase prepared, SampleShape block, PredictionSettings settings)
    {
        (this.prepared, Block) = (prepared, block);
        Slices = new BlockWindows(prepared.SliceCount, block.Depth, settings);
        Rows = new BlockWindows(prepared.Grid.Height, block.Height, settings);
        Columns = new BlockWindows(prepared.Grid.Width, block.Width, settings);
    }

    /// <summary>Size of a block.</summary>
    public SampleShape Block { get; }

    public BlockWindows Slices { get; }

    public BlockWindows Rows { get; }

    public BlockWindows Columns { get; }

    public int Height => prepared.Grid.Height;

    public int Width => prepared.Grid.Width;

    public Modality Modality => prepared.Modality;

    /// <summary>All blocks in order.</summary>
    public IEnumerable<BlockPlace> Places =>
        from slab in Enumerable.Range(0, Slices.Starts.Length)
        from row in Enumerable.Range(0, Rows.Starts.Length)
        from column in Enumerable.Range(0, Columns.Starts.Length)
        select new BlockPlace(slab, row, column);

    /// <summary>Whether no block of the slab follows.</summary>
    public bool EndsSlab(BlockPlace place) => place.Row == Rows.Starts.Length - 1 && place.Column == Columns.Starts.Length - 1;

    /// <summary>The slices that no slab after this one reaches.</summary>
    public IEnumerable<int> FinishedBy(int slab)
    {
        int first = Slices.Starts[slab],
            end = slab + 1 < Slices.Starts.Length ? Slices.Starts[slab + 1] : prepared.SliceCount;
        return Enumerable.Range(first, end - first);
    }

    /// <summary>Writes the image of a block.</summary>
    public void Read(BlockPlace place, Span<float> image) =>
        prepared.ReadBlock(Slices.Starts[place.Slab], Rows.Starts[place.Row], Columns.Starts[place.Column], Block, image);

    /// <summary>Whether the positions of two blocks have the same weights.</summary>
    public bool WeighAlike(BlockPlace one, BlockPlace other) =>
        Slices.Weights[one.Slab].AsSpan().SequenceEqual(Slices.Weights[other.Slab])
        && Rows.Weights[one.Row].AsSpan().SequenceEqual(Rows.Weights[other.Row])
        && Columns.Weights[one.Column].AsSpan().SequenceEqual(Columns.Weights[other.Column]);

    /// <summary>(depth, height, width, classes): the weight of a block's position, for each class.</summary>
    public float[] WeightsOf(BlockPlace place, int classes)
    {
        var weights = new float[Block.PixelCount * classes];
        int at = 0;
        foreach (float slice in Slices.Weights[place.Slab])
        {
            foreach (float row in Rows.Weights[place.Row])
            {
                float line = slice * row;
                foreach (float column in Columns.Weights[place.Column])
                {
                    weights.AsSpan(at, classes).Fill(line * column);
                    at += classes;
                }
            }
        }

        return weights;
    }

    /// <summary>Divides the weighted sums of a slice, (height, width, classes), by the weights' sums.</summary>
    public void TakeMean(int slice, ReadOnlyMemory<float> sums, Memory<float> mean)
    {
        int classes = sums.Length / (Height * Width);
        Parallel.For(
            0,
            Height,
            row =>
            {
                ReadOnlySpan<float> from = sums.Span;
                Span<float> to = mean.Span;
                for (int column = 0; column < Width; column++)
                {
                    float total = Slices.Totals[slice] * Rows.Totals[row] * Columns.Totals[column];
                    for (int label = 0, at = ((row * Width) + column) * classes; label < classes; label++, at++)
                        to[at] = from[at] / total;
                }
            }
        );
    }
}
