namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>
/// Of SimtWeightGradient in kernels/convolution/backward_weights.cu: float arithmetic, a tap per block.
/// </summary>
internal sealed record SimtWeightGradientPlan : WeightGradientPlan
{
    /// <summary>Blocks that fill the largest devices four times over.</summary>
    private const int WantedBlocks = 512;

    private const int FewestPositionsPerSplit = 256,
        Stage = 16,
        BlockThreads = 256;

    /// <summary>A plan for any shape.</summary>
    public static SimtWeightGradientPlan Choose(ConvolutionProblem problem)
    {
        int tile = Math.Min(problem.InputChannels, problem.OutputChannels) > 32 ? 64 : 16,
            channelTiles = PositionTiles.Divide(problem.InputChannels, tile),
            outputTiles = PositionTiles.Divide(problem.OutputChannels, tile);
        long positions = (long)problem.Batch * problem.Output.Count;
        long wanted = Math.Clamp(
            WantedBlocks / ((long)channelTiles * outputTiles * problem.Kernel.Count),
            1,
            Math.Max(1, positions / FewestPositionsPerSplit)
        );
        long perSplit = (((positions + wanted - 1) / wanted) + Stage - 1) / Stage * Stage;
        int groups = BlockThreads / (tile / 4 * (tile / 4));
        return new SimtWeightGradientPlan
        {
            Kernel = $"{GatherFamily.NameOf(ConvolutionPrecision.Fp32)}_{tile}",
            ChannelTiles = channelTiles,
            OutputTiles = outputTiles,
            TapGroups = problem.Kernel.Count,
            Splits = (int)((positions + perSplit - 1) / perSplit),
            PerSplit = checked((int)perSplit),
            Threads = BlockThreads,
            SharedBytes = sizeof(float) * ((2 * Stage * (tile + 4)) + (groups > 1 ? groups * tile * tile : 1)),
        };
    }

    public override void Complete(ref WeightGradientParameters parameters)
    {
        base.Complete(ref parameters);
        parameters.PositionsPerSplit = PerSplit;
    }
}
