using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>
/// Logits of a volume from overlapping blocks. Slabs of blocks are worked through from the first slice to the last; a slice is
/// handed out when no later block touches
/// it, so that memory is that of one slab, whatever the volume's length.
/// </summary>
internal sealed class BlockPrediction
{
    private readonly BlockLayout layout;
    private readonly int classes;
    private readonly float[] slab; // (block depth as a ring, height, width, classes), weighted sums

    public BlockPrediction(BlockLayout layout, int classes)
    {
        (this.layout, this.classes) = (layout, classes);
        slab = new float[layout.Block.Depth * SliceScores];
    }

    private int SliceScores => layout.Height * layout.Width * classes;

    /// <summary>(height, width, classes) of each slice in order. The memory is used again for the next.</summary>
    /// <param name="blocks">Logits of all blocks in the layout's order.</param>
    public IEnumerable<(int Slice, ReadOnlyMemory<float> Scores)> Run(
        IEnumerable<(BlockPlace Place, ReadOnlyMemory<float> Logits)> blocks
    )
    {
        var scores = new float[SliceScores];
        foreach ((BlockPlace place, ReadOnlyMemory<float> logits) in blocks)
        {
            Add(place, logits);
            if (!layout.EndsSlab(place))
                continue;
            foreach (int slice in layout.FinishedBy(place.Slab))
            {
                Memory<float> sums = slab.AsMemory(slice % layout.Block.Depth * SliceScores, SliceScores);
                layout.TakeMean(slice, sums, scores);
                sums.Span.Clear();
                yield return (slice, scores);
            }
        }
    }

    private void Add(BlockPlace place, ReadOnlyMemory<float> logits)
    {
        (SampleShape block, int width) = (layout.Block, layout.Width);
        (int firstSlice, int firstRow, int firstColumn) = (
            layout.Slices.Starts[place.Slab],
            layout.Rows.Starts[place.Row],
            layout.Columns.Starts[place.Column]
        );
        float[] columns = layout.Columns.Weights[place.Column];
        Parallel.For(
            0,
            block.Depth * block.Height,
            line =>
            {
                (int z, int y) = (line / block.Height, line % block.Height);
                float weight = layout.Slices.Weights[place.Slab][z] * layout.Rows.Weights[place.Row][y];
                if (weight == 0)
                    return;
                int first = ((((firstSlice + z) % block.Depth * layout.Height) + firstRow + y) * width) + firstColumn;
                Span<float> sums = slab.AsSpan(first * classes, block.Width * classes);
                ReadOnlySpan<float> own = logits.Span.Slice(line * sums.Length, sums.Length);
                for (int x = 0, at = 0; x < block.Width; x++)
                {
                    float scale = weight * columns[x];
                    for (int label = 0; label < classes; label++, at++)
                        sums[at] += scale * own[at];
                }
            }
        );
    }
}
