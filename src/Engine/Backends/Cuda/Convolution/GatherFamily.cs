namespace UnpairedSegEngine.Backends.Cuda.Convolution;

/// <summary>One variant of the gather kernels: how it multiplies and the tile of output channels of a block.</summary>
/// <param name="Name">As in the kernels' names: simt, bf16, bf16x3, bf16x6.</param>
/// <param name="Parts">bfloat16 numbers per float; 0 for float arithmetic.</param>
/// <param name="Tile">Output channels per block.</param>
internal sealed record GatherFamily(string Name, int Parts, int Tile)
{
    private const int SimtGroups = 16;
    private const int MmaThreads = 128, MmaTapsPerStage = 3;

    /// <summary>Fewer channels than this leave most of a tensor-core tile empty.</summary>
    private const int FewestMmaChannels = 9;

    public int Threads => Parts == 0 ? SimtGroups * Tile / 4 : MmaThreads;

    public static GatherFamily For(ConvolutionPrecision precision, int channels, int outputs)
    {
        if (precision == ConvolutionPrecision.Fp32 || channels < FewestMmaChannels)
            return new GatherFamily("simt", 0, outputs <= 32 ? 16 : 64);
        int parts = PartsOf(precision);
        return new GatherFamily(NameOf(precision), parts, outputs <= 16 ? 16 : parts == 3 ? 32 : 64);
    }

    public static string NameOf(ConvolutionPrecision precision) => precision switch
    {
        ConvolutionPrecision.Bf16 => "bf16",
        ConvolutionPrecision.Bf16x3 => "bf16x3",
        ConvolutionPrecision.Bf16x6 => "bf16x6",
        _ => "simt",
    };

    public static int PartsOf(ConvolutionPrecision precision) => precision switch
    {
        ConvolutionPrecision.Bf16 => 1,
        ConvolutionPrecision.Bf16x3 => 2,
        ConvolutionPrecision.Bf16x6 => 3,
        _ => 0,
    };

    /// <summary>Input channels per pass over the taps.</summary>
    public int Chunk(int channels) => Parts switch
    {
        0 => Math.Min(16, (channels + 3) / 4 * 4),
        3 => 16,
        _ => 32,
    };

    /// <summary>Bytes of one tap's packed weights for a chunk.</summary>
    public int TapBytes(int chunk) => chunk * Tile * (Parts == 0 ? sizeof(float) : 2 * Parts);

    /// <summary>Dynamic shared memory of a block that reads <paramref name="halo"/> positions.</summary>
    public int SharedBytes(int chunk, int halo)
    {
        int main = Parts == 0
            ? (2 * TapBytes(chunk)) + (halo * (chunk + 4) * sizeof(float))
            : (2 * MmaTapsPerStage * TapBytes(chunk)) + (halo * chunk * 2 * Parts);
        int statistics = (Parts == 0 ? SimtGroups + 1 : 33) * Tile * sizeof(float);
        return Math.Max(main, statistics);
    }
}
