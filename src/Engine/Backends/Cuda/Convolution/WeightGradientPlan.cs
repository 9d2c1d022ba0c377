namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>How the blocks of a weight gradient share channels, outputs, taps and positions, chosen by shape alone.</summary>
internal abstract record WeightGradientPlan
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

    /// <summary>Name of the kernel behind "convolution_backward_weights_".</summary>
    public required string Kernel { get; init; }

    public required int ChannelTiles { get; init; }
    public required int OutputTiles { get; init; }

    /// <summary>Blocks for one tile of channels and outputs: single taps, or boxes of them.</summary>
    public required int TapGroups { get; init; }

    /// <summary>Parts of the positions, whose sums are added in order.</summary>
    public required int Splits { get; init; }

    /// <summary>Positions of a split; tiles of positions for the tensor-core kernels.</summary>
    public required int PerSplit { get; init; }
    public required int Threads { get; init; }
    public required int SharedBytes { get; init; }

    /// <summary>The fastest kernel that takes the shape, by the models of the tensor-core families.</summary>
    /// <param name="problem">The convolution.</param>
    /// <param name="precision">Of the products.</param>
    /// <param name="plain">Whether the input is taken as it is, without normalization on load.</param>
    /// <param name="warpgroups">Whether the device has Hopper's instructions.</param>
    public static WeightGradientPlan Choose(
        ConvolutionProblem problem,
        ConvolutionPrecision precision,
        bool plain,
        bool warpgroups
    )
    {
        if (precision == ConvolutionPrecision.Fp32)
            return SimtWeightGradientPlan.Choose(problem);
        (WeightGradientPlan Plan, long Cycles) mma = MmaWeightGradientPlan.Choose(problem, precision, plain);
        return warpgroups && WarpgroupWeightGradientPlan.Choose(problem, precision) is { } wgmma && wgmma.Cycles <= mma.Cycles
            ? wgmma.Plan
            : mma.Plan;
    }

    /// <summary>The parameters of the launch that follow from the plan.</summary>
    public virtual void Complete(ref WeightGradientParameters parameters) =>
        (parameters.ChannelTiles, parameters.OutputTiles) = (ChannelTiles, OutputTiles);

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
