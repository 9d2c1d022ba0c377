namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>
/// Of the tensor-core kernels, whose blocks walk over tiles of output positions; the fastest of both families is chosen by a
/// model of their cycles.
/// </summary>
internal abstract record TiledWeightGradientPlan : WeightGradientPlan
{
    /// <summary>Of the models by which plans are chosen: those of an H100. It is no property of the device, since no bit may
    /// depend on that.</summary>
    protected const int Multiprocessors = 132;

    /// <summary>Of the models, in cycles of a multiprocessor: to load eight units of eight channels, from the L2 cache.</summary>
    protected const int LoadCycles = 11;

    /// <summary>Of the models, in cycles: the sums of a block on their way out, or back in.</summary>
    private const int StoreCycles = 6000;

    /// <summary>Floats of all splits together.</summary>
    private const long MostPartialSums = 1L << 25;

    /// <summary>Output positions that a block loads at a time.</summary>
    public required Size3 Tile { get; init; }

    /// <summary>Tiles per axis of a sample.</summary>
    public required Size3 Tiles { get; init; }

    /// <summary>Input positions that the block's taps read for a tile; of folded taps the tile itself.</summary>
    public required Size3 Halo { get; init; }

    public override void Complete(ref WeightGradientParameters parameters)
    {
        base.Complete(ref parameters);
        (parameters.Tile, parameters.Tiles, parameters.Halo) = (Tile, Tiles, Halo);
        parameters.TilesPerSplit = PerSplit;
    }

    /// <summary>The number of splits with which a launch takes the fewest cycles by the model, and those cycles.</summary>
    /// <param name="tiles">Of positions, over all samples.</param>
    /// <param name="tileCycles">Of a block that has a multiprocessor to itself.</param>
    /// <param name="blocks">Of one split.</param>
    /// <param name="resident">Blocks that share a multiprocessor.</param>
    /// <param name="weights">Sums of a split.</param>
    /// <param name="fewest">Splits that there must be, as far as the memory for their sums allows.</param>
    protected static (int Splits, long Cycles) FastestSplits(
        int tiles,
        long tileCycles,
        int blocks,
        int resident,
        long weights,
        int fewest = 1
    )
    {
        (int best, long bestCycles) = (1, long.MaxValue);
        int most = (int)Math.Clamp(MostPartialSums / weights, 1, tiles);
        for (int splits = Math.Min(fewest, most); splits <= most; splits++)
        {
            long waves = (((long)blocks * splits) + (resident * Multiprocessors) - 1) / (resident * Multiprocessors);
            long cycles = waves * resident * ((PositionTiles.Divide(tiles, splits) * tileCycles) + StoreCycles);
            if (splits > 1)
                cycles += (long)blocks * splits * StoreCycles / Multiprocessors;
            if (cycles < bestCycles)
                (best, bestCycles) = (splits, cycles);
        }

        return (best, bestCycles);
    }
}
