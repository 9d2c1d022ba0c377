namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// A <see cref="GatherProblem"/> with 3x3 taps (times any in depth) by F(4x4, 3x3): tiles of inputs and the weights are
/// transformed, multiplied position by position as small
/// matrix products in the register tiles of the direct convolution, and transformed back. Depth taps add up before the transform
/// back. Blocks of tiles keep what is
/// transformed in the caches. Every sum has an order fixed by shape.
/// </summary>
internal abstract unsafe class WinogradConvolution
{
    // Of outputs computed over outputs wanted.
    private const double MostWaste = 1.8;

    // Products saved grow with the channels' product, transforms with their sum: measured, they break even at 8, which is 16 to
    // 16 channels.
    private const double FewestProductsPerTransform = 7;

    /// <summary>Whether the method applies and saves more than its transforms cost.</summary>
    public static bool Suits(GatherProblem problem, SimdLevel level) =>
        problem.InputStep == Size3.One
        && problem.OutputStep == Size3.One
        && Kernel3x3.Of(problem.Taps) is { } kernel
        && (problem.Padding == PaddingMode.Zero || kernel.Depths.Length == 1)
        && Pays(
            level,
            kernel.Depths.Length,
            problem.InputChannels,
            problem.OutputChannels,
            GridOf(problem, kernel),
            problem.Count
        )
        && !MatrixConvolution.Suits(problem, level, typeof(float));

    /// <summary>Whether a 3x3 convolution of these sizes saves more than its transforms cost.</summary>
    internal static bool Pays(SimdLevel level, int depthTaps, int inputs, int outputs, TileGrid grid, Size3 wanted) =>
        inputs % level.Lanes(typeof(float)) == 0
        && outputs % level.Lanes(typeof(float)) == 0
        && (double)depthTaps * inputs * outputs >= FewestProductsPerTransform * (inputs + outputs)
        && grid.Count * TileGrid.Outputs * TileGrid.Outputs <= MostWaste * wanted.Height * wanted.Width;

    /// <summary>The plan of a problem; null where the method does not apply or pay.</summary>
    public static WinogradConvolution? Create(GatherProblem problem, SimdLevel level, int threads) =>
        !Suits(problem, level)
            ? null
            : level switch
            {
                SimdLevel.Avx512 => new WinogradConvolution<Simd512<float>>(problem, level, threads),
                SimdLevel.Avx2 => new WinogradConvolution<Simd256<float>>(problem, level, threads),
                SimdLevel.Portable => new WinogradConvolution<Simd128<float>>(problem, level, threads),
                _ => throw new ArgumentOutOfRangeException(nameof(level), level, "unknown width of vectors"),
            };

    public abstract WinogradSchedule Schedule { get; }

    /// <summary>Elements of transformed weights and of a block of transformed inputs that threads share.</summary>
    public abstract long SharedScratch { get; }

    /// <summary>Elements of scratch that each worker needs.</summary>
    public abstract long WorkerScratch { get; }

    /// <param name="threads">Share tiles, then panels of output channels.</param>
    /// <param name="load">Applied to the input.</param>
    /// <param name="input">Source image.</param>
    /// <param name="weights">Weights in the layout of the problem.</param>
    /// <param name="bias">Per output channel, or null.</param>
    /// <param name="output">Receives the grid's elements.</param>
    /// <param name="accumulate">Whether they are added to instead of overwritten.</param>
    /// <param name="shared">Room for <see cref="SharedScratch"/>.</param>
    /// <param name="scratch">Room for <see cref="WorkerScratch"/>, by worker.</param>
    public abstract void Run(
        CpuThreads threads,
        LoadTransform load,
        float* input,
        float* weights,
        float* bias,
        float* output,
        bool accumulate,
        float* shared,
        nint[] scratch
    );

    protected static TileGrid GridOf(GatherProblem problem, Kernel3x3 kernel) =>
        new(problem.Input, problem.Count, problem.Padding, kernel.First, kernel.Dilation);
}
