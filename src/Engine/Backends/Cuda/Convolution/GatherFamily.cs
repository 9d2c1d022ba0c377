namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>One variant of the gather kernels: how it multiplies and the tile of output channels of a block.</summary>
/// <param name="Precision">Of the products.</param>
/// <param name="Tile">Output channels per block.</param>
/// <param name="Warpgroups">Whether it is Hopper's, with products of whole warpgroups
/// (kernels/convolution/gather_wgmma.cuh).</param>
/// <param name="NarrowChunk">Of <c>mma.sync</c>: input channels per pass over the taps, where they are fewer than usual; or
/// 0.</param>
internal sealed record GatherFamily(ConvolutionPrecision Precision, int Tile, bool Warpgroups = false, int NarrowChunk = 0)
{
    private const int SimtGroups = 16;
    private const int MmaThreads = 128,
        MmaTapsPerStage = 3; // of the widest chunk
    private const int WarpgroupThreads = 384,
        WarpgroupConsumers = 256,
        WarpgroupStages = 4,
        WarpgroupHalos = 2,
        WarpgroupBarrierBytes = 128;
    private const int WarpThreads = 32;

    /// <summary>Channels stored as bfloat16 are moved in 16 bytes.</summary>
    public const int BFloat16Channels = 8;

    /// <summary>Of Hopper's gather: blocks that share their weights.</summary>
    public const int ClusterBlocks = 2;

    /// <summary>Dynamic shared memory that a block may use on compute capability 9.0.</summary>
    public const int WarpgroupSharedLimit = 227 * 1024;

    /// <summary>Channels of a plane in shared memory, and of the narrowest chunk.</summary>
    private const int PlaneChannels = 8;

    /// <summary>With fewer outputs than this, half of a warpgroup's products would be wasted.</summary>
    private const int FewestWarpgroupOutputs = 17;

    /// <summary>Of the kernels that pack the weights; the tensor-core families read them in the same order.</summary>
    public string PackName => NameOf(Precision);

    /// <summary>As in the kernels' names: simt, bf16, bf16_c8, wgmma_bf16, ...</summary>
    public string Name =>
        Warpgroups ? $"wgmma_{PackName}"
        : NarrowChunk > 0 ? $"{PackName}_c{NarrowChunk}"
        : PackName;

    /// <summary>bfloat16 numbers per float; 0 for float arithmetic.</summary>
    public int Parts => PartsOf(Precision);

    /// <summary>Whether its data gradients can copy halos from an operand instead of loading them.</summary>
    public bool TakesOperand => Warpgroups && Parts == 1;

    public int Threads =>
        Warpgroups ? WarpgroupThreads
        : Parts == 0 ? SimtGroups * Tile / 4
        : MmaThreads;

    /// <summary>Grid positions per block, at most.</summary>
    public int Positions => Warpgroups && Parts < 3 ? 256 : 128;

    public int SharedLimit => Warpgroups ? WarpgroupSharedLimit : KernelLibrary.SharedLimit;

    private int WidestChunk => Parts == 3 ? 16 : 32;

    /// <summary>The portable family, or that of <c>mma.sync</c>, for any number of channels.</summary>
    public static GatherFamily For(ConvolutionPrecision precision, int outputs) =>
        new(
            precision,
            PartsOf(precision) switch
            {
                0 => outputs <= 32 ? 16 : 64,
                _ when outputs <= 16 => 16,
                3 => 32,
                _ => 64,
            }
        );

    /// <summary>The same with a narrower chunk, where that leaves out more than a quarter of the products.</summary>
    public GatherFamily ForChannels(int channels)
    {
        if (Parts == 0)
            return this;
        int[] chunks = [.. new[] { 4 * PlaneChannels, 2 * PlaneChannels, PlaneChannels }.Where(chunk => chunk <= WidestChunk)];
        int best = chunks.MinBy(Padded);
        return 4 * Padded(best) < 3 * Padded(WidestChunk) ? this with { NarrowChunk = best } : this;

        int Padded(int chunk) => PositionTiles.Divide(channels, chunk) * chunk;
    }

    /// <summary>Hopper's family, or null where the shape does not suit it.</summary>
    public static GatherFamily? ForWarpgroups(ConvolutionPrecision precision, GatherShape shape)
    {
        bool suits =
            precision != ConvolutionPrecision.Fp32
            && shape.Channels > PlaneChannels
            && shape.Channels % PlaneChannels == 0
            && shape.Outputs >= FewestWarpgroupOutputs
            && shape.Outputs % 2 == 0
            && shape.InputStep.Width == 1;
        return suits
            ? new GatherFamily(
                precision,
                shape.Outputs <= 32 ? 32
                    : (shape.Outputs - 1) % 128 < 64 ? 64
                    : 128,
                Warpgroups: true
            )
            : null;
    }

    public static string NameOf(ConvolutionPrecision precision) =>
        precision switch
        {
            ConvolutionPrecision.Bf16 => "bf16",
            ConvolutionPrecision.Bf16x3 => "bf16x3",
            ConvolutionPrecision.Bf16x6 => "bf16x6",
            ConvolutionPrecision.Fp32 => "simt",
            _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, "unknown precision"),
        };

    public static int PartsOf(ConvolutionPrecision precision) =>
        precision switch
        {
            ConvolutionPrecision.Bf16 => 1,
            ConvolutionPrecision.Bf16x3 => 2,
            ConvolutionPrecision.Bf16x6 => 3,
            ConvolutionPrecision.Fp32 => 0,
            _ => throw new ArgumentOutOfRangeException(nameof(precision), precision, "unknown precision"),
        };

    /// <summary>Whether the kernel reads so many channels stored as bfloat16.</summary>
    public bool ReadsBFloat16(int channels) => Parts == 1 && channels % BFloat16Channels == 0;

    /// <summary>Whether the kernel writes so many channels stored as bfloat16.</summary>
    public bool WritesBFloat16(int outputs) => Parts <= 1 && outputs % BFloat16Channels == 0;

    /// <summary>Input channels per pass over the taps.</summary>
    public int Chunk(int channels) =>
        Parts == 0 ? Math.Min(16, (channels + 3) / 4 * 4)
        : NarrowChunk > 0 ? NarrowChunk
        : WidestChunk;

    /// <summary>Bytes of one tap's packed weights for a chunk.</summary>
    public int TapBytes(int chunk) => chunk * Tile * (Parts == 0 ? sizeof(float) : 2 * Parts);

    /// <summary>
    /// Dynamic shared memory of a block that reads <paramref name="halo"/> positions for <paramref name="taps"/> taps.
    /// </summary>
    public int SharedBytes(int chunk, int halo, int taps)
    {
        int tapOffsets = PositionTiles.Divide(taps * sizeof(int), 16) * 16;
        int statistics = ((2 * (Warpgroups ? WarpgroupConsumers : Threads) / WarpThreads) + 1) * Tile * sizeof(float);
        if (Warpgroups)
            return WarpgroupBarrierBytes
                + tapOffsets
                + statistics
                + (WarpgroupStages * TapBytes(chunk))
                + (WarpgroupHalos * PositionTiles.PlanePitch(halo, chunk / 8) * chunk * 2 * Parts);
        int main =
            Parts == 0
                ? (2 * TapBytes(chunk)) + (halo * (chunk + 4) * sizeof(float))
                : (2 * MmaTapsPerStage * TapBytes(WidestChunk)) + (halo * chunk * 2 * Parts);
        return Math.Max(tapOffsets + main, statistics);
    }
}
