namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>Overlapping blocks along one axis and the weight of each of their positions.</summary>
internal sealed class BlockWindows
{
    private const double DeviationShare = 0.125;

    /// <param name="extent">Positions of the axis.</param>
    /// <param name="size">Positions of a block, at most the extent.</param>
    /// <param name="settings">Overlap and blending.</param>
    public BlockWindows(int extent, int size, PredictionSettings settings)
    {
        Size = size;
        int count = (int)Math.Ceiling((extent - size) / Math.Max(1, size * (1 - settings.Overlap))) + 1;
        Starts =
        [
            .. Enumerable
                .Range(0, count)
                .Select(i => count == 1 ? 0 : (int)Math.Round(i * (extent - size) / (double)(count - 1))),
        ];
        Weights = [.. Enumerable.Range(0, count).Select(block => WeightsOf(block, settings.Blending))];
        Totals = new float[extent];
        for (int block = 0; block < count; block++)
        {
            for (int i = 0; i < size; i++)
                Totals[Starts[block] + i] += Weights[block][i];
        }
    }

    public int Size { get; }

    /// <summary>First position of each block: evenly spread, the first at the beginning and the last at the end.</summary>
    public int[] Starts { get; }

    /// <summary>By block and position in the block.</summary>
    public float[][] Weights { get; }

    /// <summary>Sum of the weights of all blocks at each position of the axis.</summary>
    public float[] Totals { get; }

    private float[] WeightsOf(int block, BlockBlending blending)
    {
        // Half way into the overlap with each neighbour: where the other one's middle gets nearer.
        int from = block == 0 ? int.MinValue : (Starts[block - 1] + Size - Starts[block]) / 2;
        int to =
            block == Starts.Length - 1
                ? int.MaxValue
                : Starts[block + 1] - Starts[block] + ((Starts[block] + Size - Starts[block + 1]) / 2);
        return
        [
            .. Enumerable
                .Range(0, Size)
                .Select(i =>
                    blending switch
                    {
                        BlockBlending.Gaussian => (float)
                            Math.Exp(-0.5 * Math.Pow((i - ((Size - 1) * 0.5)) / (Size * DeviationShare), 2)),
                        BlockBlending.Nearest => i >= from && i < to ? 1f : 0f,
                        BlockBlending.Uniform => 1f,
                        _ => throw new ArgumentOutOfRangeException(nameof(blending), blending, "no such blending"),
                    }
                ),
        ];
    }
}
