using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>
/// Logits of a volume from overlapping blocks. Slabs of blocks are worked through from the first slice to the last; a slice is
/// handed out when no later block touches
/// it, so that memory is that of one slab, whatever the volume's length.
/// </summary>
internal sealed class BlockPrediction
{
    private readonly NetworkEvaluator network;
    private readonly PreparedCase prepared;
    private readonly SampleShape block;
    private readonly BlockWindows slices,
        rows,
        columns;
    private readonly float[] slab; // (block depth as a ring, height, width, classes), weighted sums

    public BlockPrediction(NetworkEvaluator network, PreparedCase prepared, SampleShape block, PredictionSettings settings)
    {
        (this.network, this.prepared, this.block) = (network, prepared, block);
        slices = new BlockWindows(prepared.SliceCount, block.Depth, settings);
        rows = new BlockWindows(prepared.Grid.Height, block.Height, settings);
        columns = new BlockWindows(prepared.Grid.Width, block.Width, settings);
        slab = new float[block.Depth * SliceScores];
    }

    private int SliceScores => prepared.Grid.Height * prepared.Grid.Width * network.Classes;

    /// <summary>(height, width, classes) of each slice in order. The memory is used again for the next.</summary>
    public IEnumerable<(int Slice, ReadOnlyMemory<float> Scores)> Run(CancellationToken stop)
    {
        var scores = new float[SliceScores];
        var shape = new Shape(1, block.Depth, block.Height, block.Width, block.Channels);
        var image = new float[block.ImageLength];
        for (int i = 0; i < slices.Starts.Length; i++)
        {
            for (int j = 0; j < rows.Starts.Length; j++)
            {
                for (int k = 0; k < columns.Starts.Length; k++)
                {
                    stop.ThrowIfCancellationRequested();
                    prepared.ReadBlock(slices.Starts[i], rows.Starts[j], columns.Starts[k], block, image);
                    Add(i, j, k, network.Logits(image, shape, prepared.Modality));
                }
            }

            int end = i + 1 < slices.Starts.Length ? slices.Starts[i + 1] : prepared.SliceCount;
            for (int slice = slices.Starts[i]; slice < end; slice++)
            {
                TakeMean(slice, scores);
                yield return (slice, scores);
            }
        }
    }

    private void Add(int i, int j, int k, float[] logits)
    {
        int classes = network.Classes,
            width = prepared.Grid.Width;
        Parallel.For(
            0,
            block.Depth * block.Height,
            line =>
            {
                (int z, int y) = (line / block.Height, line % block.Height);
                float weight = slices.Weights[i][z] * rows.Weights[j][y];
                if (weight == 0)
                    return;
                int target = (((slices.Starts[i] + z) % block.Depth * prepared.Grid.Height) + rows.Starts[j] + y) * width;
                for (int x = 0; x < block.Width; x++)
                {
                    float own = weight * columns.Weights[k][x];
                    for (int label = 0; label < classes; label++)
                        slab[((target + columns.Starts[k] + x) * classes) + label] +=
                            own * logits[(((line * block.Width) + x) * classes) + label];
                }
            }
        );
    }

    /// <summary>Divides a slice by its weights and clears its place in the slab.</summary>
    private void TakeMean(int slice, float[] scores)
    {
        int classes = network.Classes,
            width = prepared.Grid.Width,
            first = slice % block.Depth * SliceScores;
        Parallel.For(
            0,
            prepared.Grid.Height,
            row =>
            {
                for (int column = 0; column < width; column++)
                {
                    float total = slices.Totals[slice] * rows.Totals[row] * columns.Totals[column];
                    for (int label = 0, at = ((row * width) + column) * classes; label < classes; label++, at++)
                        scores[at] = slab[first + at] / total;
                }
            }
        );
        Array.Clear(slab, first, SliceScores);
    }
}
