namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The weight gradient of a 3x3 convolution (times any depth) by F(4x4, 3x3): gw = G' [sum over tiles of (B' x B) . (A gy A')] G.
/// Both operands are transformed tile by
/// tile; per position the sum over tiles is a matrix product of channels by channels. Tiles are taken in blocks, whose sums are
/// added in order. Every sum has an order
/// fixed by shape.
/// </summary>
internal abstract unsafe class WinogradWeightGradient
{
    /// <summary>Whether the method applies and saves more than its transforms cost.</summary>
    public static bool Suits(ConvolutionProblem problem, SimdLevel level) =>
        problem.Stride == Size3.One
        && (problem.Kernel.Height, problem.Kernel.Width) == (3, 3)
        && (problem.Padding == PaddingMode.Zero || problem.Kernel.Depth == 1)
        && WinogradConvolution.Pays(
            level,
            problem.Kernel.Depth,
            problem.InputChannels,
            problem.OutputChannels,
            GridOf(problem),
            problem.Output
        )
        && !MatrixWeightGradient.BeatsWinograd(problem, level);

    /// <summary>The plan of a problem; null where the method does not apply or pay.</summary>
    public static WinogradWeightGradient? Create(ConvolutionProblem problem, SimdLevel level) =>
        !Suits(problem, level)
            ? null
            : level switch
            {
                SimdLevel.Avx512 => new WinogradWeightGradient<Simd512<float>>(problem, level),
                SimdLevel.Avx2 => new WinogradWeightGradient<Simd256<float>>(problem, level),
                SimdLevel.Portable => new WinogradWeightGradient<Simd128<float>>(problem, level),
                _ => throw new ArgumentOutOfRangeException(nameof(level), level, "unknown width of vectors"),
            };

    /// <summary>Never <see cref="WinogradSchedule.OwnPanels"/>.</summary>
    public abstract WinogradSchedule Schedule { get; }

    /// <summary>Elements of a block of transformed operands that threads share, and of sums that are kept.</summary>
    public abstract long SharedScratch { get; }

    /// <summary>Elements of scratch that each worker needs.</summary>
    public abstract long WorkerScratch { get; }

    /// <param name="threads">Share tiles, then panels of output channels.</param>
    /// <param name="load">Applied to the input.</param>
    /// <param name="x">Input of the convolution.</param>
    /// <param name="gy">Gradient of its output.</param>
    /// <param name="gw">Receives the gradient of the weights.</param>
    /// <param name="shared">Room for <see cref="SharedScratch"/>.</param>
    /// <param name="scratch">Room for <see cref="WorkerScratch"/>, by worker.</param>
    public abstract void Run(
        CpuThreads threads,
        LoadTransform load,
        float* x,
        float* gy,
        float* gw,
        float* shared,
        nint[] scratch
    );

    protected static TileGrid GridOf(ConvolutionProblem problem) =>
        new(
            problem.Input,
            problem.Output,
            problem.Padding,
            (-problem.PadBefore.Height, -problem.PadBefore.Width),
            (problem.Dilation.Height, problem.Dilation.Width)
        );
}
