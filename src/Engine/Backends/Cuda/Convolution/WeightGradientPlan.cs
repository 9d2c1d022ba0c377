namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>How the blocks of a weight gradient share channels, outputs, taps and positions, chosen by shape alone.</summary>
internal abstract record WeightGradientPlan
{
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

    /// <summary>Whether the kernel reads so many channels stored as bfloat16, of the input or of the output's gradient.</summary>
    public virtual bool ReadsBFloat16(int channels) => false;

    /// <summary>The positions of the operands of x and gy that the blocks copy; null where they read the tensors.</summary>
    /// <param name="problem">What the plan was chosen for.</param>
    public virtual (OperandBox? X, OperandBox? Gy) OperandsOf(ConvolutionProblem problem) => (null, null);

    /// <summary>The parameters of the launch that follow from the plan.</summary>
    public virtual void Complete(ref WeightGradientParameters parameters) =>
        (parameters.ChannelTiles, parameters.OutputTiles) = (ChannelTiles, OutputTiles);
}
