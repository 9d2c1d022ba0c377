using System.Numerics;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The three directions of a convolution on the CPU, by packed bands, packed weights and emitted micro-kernels. Plans are made
/// once per
/// problem. Not thread-safe: it uses its threads itself.
/// </summary>
internal sealed unsafe class CpuConvolution : IDisposable
{
    // Gradients of padded images are taken for a few samples at a time: enough to fill the threads, and not much memory.
    private const long PaddedElements = 2 << 20;

    private readonly CpuThreads threads;
    private readonly SimdLevel level;
    private readonly bool exact;
    private readonly AlignedScratch packed = new();
    private readonly AlignedScratch[] workers;
    private readonly nint[] workerPointers;
    private readonly Dictionary<(GatherProblem, Type), IDirectConvolution> directs = [];
    private readonly Dictionary<(ConvolutionProblem, Type), GatherProblem> forwards = [];
    private readonly Dictionary<(ConvolutionProblem, Type), GatherProblem[]> backwards = [];
    private readonly Dictionary<(ConvolutionProblem, Type), WeightGradient> weightGradients = [];
    private readonly Dictionary<(ConvolutionProblem, Type), MatrixWeightGradient> matrixGradients = [];
    private readonly Dictionary<GatherProblem, WinogradConvolution?> winograds = [];
    private readonly Dictionary<ConvolutionProblem, WinogradWeightGradient?> winogradGradients = [];

    /// <param name="threads">Share the work.</param>
    /// <param name="level">Width of the vectors.</param>
    /// <param name="exact">Only direct convolutions: no Winograd transforms, which round more.</param>
    public CpuConvolution(CpuThreads threads, SimdLevel level, bool exact = false)
    {
        (this.threads, this.level, this.exact) = (threads, level, exact);
        workers = [.. Enumerable.Range(0, threads.Count).Select(_ => new AlignedScratch())];
        workerPointers = new nint[threads.Count];
    }

    /// <summary>Shape of the input with its padding, of as many samples as are padded at a time.</summary>
    public static Shape PaddedShape(ConvolutionProblem problem) =>
        Unpadded(problem with { Batch = SamplesAtOnce(problem) }).InputShape;

    /// <summary>y = x * w + bias, or y += x * w + bias.</summary>
    /// <param name="problem">Sizes.</param>
    /// <param name="x">(N, D, H, W, C).</param>
    /// <param name="w">(kd, kh, kw, C, K).</param>
    /// <param name="bias">(K), or null.</param>
    /// <param name="y">(N, D', H', W', K).</param>
    /// <param name="accumulate">Whether y is added to instead of overwritten.</param>
    public void Forward<T>(ConvolutionProblem problem, T* x, T* w, T* bias, T* y, bool accumulate = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Gather(ForwardGather(problem, typeof(T)), x, w, bias, y, accumulate);
    }

    /// <summary>
    /// Whether the forward pass and the weight gradient of a problem can transform what they read at little cost: where tiles are
    /// transformed anyway.
    /// </summary>
    public bool TransformsOnLoad(ConvolutionProblem problem) =>
        WinogradOf(ForwardGather(problem, typeof(float))) is not null && WinogradOf(problem) is not null;

    /// <summary>y = load(x) * w + bias, or y += that; for problems that <see cref="TransformsOnLoad"/>.</summary>
    public void Forward(
        ConvolutionProblem problem,
        LoadTransform load,
        float* x,
        float* w,
        float* bias,
        float* y,
        bool accumulate
    ) => Run(WinogradOf(ForwardGather(problem, typeof(float)))!, load, x, w, bias, y, accumulate);

    /// <summary>gx = the gradient for x; also the forward pass of a transposed convolution.</summary>
    /// <param name="problem">Sizes.</param>
    /// <param name="gy">(N, D', H', W', K).</param>
    /// <param name="w">(kd, kh, kw, C, K).</param>
    /// <param name="gx">(N, D, H, W, C).</param>
    /// <param name="padded">Room for <see cref="PaddedShape"/>, where the padding is symmetric.</param>
    public void BackwardData<T>(ConvolutionProblem problem, T* gy, T* w, T* gx, T* padded = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (problem.Padding == PaddingMode.Symmetric)
        {
            // The gradient of the mirrored image, then each border element's added to the element it mirrors.
            int most = SamplesAtOnce(problem);
            for (int first = 0; first < problem.Batch; first += most)
            {
                ConvolutionProblem some = problem with { Batch = Math.Min(most, problem.Batch - first) };
                BackwardData(Unpadded(some), gy + (first * (problem.OutputShape.Count / problem.Batch)), w, padded);
                Mirroring.Fold(some, padded, gx + (first * (problem.InputShape.Count / problem.Batch)));
            }

            return;
        }

        if (!backwards.TryGetValue((problem, typeof(T)), out GatherProblem[]? phases))
            backwards[(problem, typeof(T))] = phases = [.. GatherProblem.BackwardData(problem)];
        if (phases.Any(phase => phase.Taps.Length == 0))
            new Span<byte>(gx, checked((int)(problem.InputShape.Count * sizeof(T)))).Clear();
        foreach (GatherProblem phase in phases)
        {
            if (phase.Taps.Length > 0)
                Gather(phase, gy, w, null, gx, accumulate: false);
        }
    }

    /// <summary>gw = the gradient for w.</summary>
    public void BackwardWeights<T>(ConvolutionProblem problem, T* x, T* gy, T* gw)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float) && WinogradOf(problem) is not null)
        {
            BackwardWeights(problem, default, (float*)x, (float*)gy, (float*)gw);
            return;
        }

        if (MatrixWeightGradient.Suits(problem, level, typeof(T)))
        {
            if (!matrixGradients.TryGetValue((problem, typeof(T)), out MatrixWeightGradient? matrix))
                matrixGradients[(problem, typeof(T))] = matrix = new MatrixWeightGradient(problem, level, typeof(T));
            matrix.Run(threads, x, gy, gw, packed.Get<T>(matrix.SharedScratch), WorkerScratch<T>(matrix.WorkerScratch));
            return;
        }

        if (!weightGradients.TryGetValue((problem, typeof(T)), out WeightGradient? plan))
        {
            weightGradients[(problem, typeof(T))] = plan = WeightGradientByInputChannel.Suits(problem, level, typeof(T))
                ? new WeightGradientByInputChannel(problem, level, typeof(T))
                : new WeightGradientByOutputChannel(problem, level, typeof(T));
        }

        plan.Run(threads, x, gy, gw, packed.Get<T>(plan.Partials), WorkerScratch<T>(plan.WorkerScratch));
    }

    /// <summary>gw = the gradient for w of load(x) * w; for problems that <see cref="TransformsOnLoad"/>.</summary>
    public void BackwardWeights(ConvolutionProblem problem, LoadTransform load, float* x, float* gy, float* gw)
    {
        WinogradWeightGradient plan = WinogradOf(problem)!;
        plan.Run(threads, load, x, gy, gw, packed.Get<float>(plan.SharedScratch), WorkerScratch<float>(plan.WorkerScratch));
    }

    public void Dispose()
    {
        packed.Dispose();
        foreach (AlignedScratch worker in workers)
            worker.Dispose();
    }

    private void Gather<T>(GatherProblem gather, T* input, T* weights, T* bias, T* output, bool accumulate)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (typeof(T) == typeof(float) && WinogradOf(gather) is { } winograd)
        {
            Run(winograd, default, (float*)input, (float*)weights, (float*)bias, (float*)output, accumulate);
            return;
        }

        if (!directs.TryGetValue((gather, typeof(T)), out IDirectConvolution? plan))
            directs[(gather, typeof(T))] = plan = DirectWay(gather, typeof(T));
        plan.Run(
            threads,
            input,
            weights,
            bias,
            output,
            accumulate,
            packed.Get<T>(plan.SharedScratch),
            WorkerScratch<T>(plan.WorkerScratch)
        );
    }

    private IDirectConvolution DirectWay(GatherProblem gather, Type type) =>
        MatrixConvolution.Suits(gather, level, type) ? new MatrixConvolution(gather, level, type)
        : PlanarConvolution.Suits(gather, level, type) ? new PlanarConvolution(gather, level, type)
        : new GatherConvolution(gather, level, type);

    private GatherProblem ForwardGather(ConvolutionProblem problem, Type type)
    {
        if (!forwards.TryGetValue((problem, type), out GatherProblem? gather))
            forwards[(problem, type)] = gather = GatherProblem.Forward(problem);
        return gather;
    }

    /// <summary>The plan with fewer products, where it pays and is allowed.</summary>
    private WinogradConvolution? WinogradOf(GatherProblem gather)
    {
        if (exact)
            return null;
        if (!winograds.TryGetValue(gather, out WinogradConvolution? plan))
            winograds[gather] = plan = WinogradConvolution.Create(gather, level, threads.Count);
        return plan;
    }

    private WinogradWeightGradient? WinogradOf(ConvolutionProblem problem)
    {
        if (exact)
            return null;
        if (!winogradGradients.TryGetValue(problem, out WinogradWeightGradient? plan))
            winogradGradients[problem] = plan = WinogradWeightGradient.Create(problem, level);
        return plan;
    }

    private void Run(
        WinogradConvolution plan,
        LoadTransform load,
        float* input,
        float* weights,
        float* bias,
        float* output,
        bool accumulate
    ) =>
        plan.Run(
            threads,
            load,
            input,
            weights,
            bias,
            output,
            accumulate,
            packed.Get<float>(plan.SharedScratch),
            WorkerScratch<float>(plan.WorkerScratch)
        );

    /// <summary>Samples whose padded gradients fit into <see cref="PaddedElements"/>, or one.</summary>
    private static int SamplesAtOnce(ConvolutionProblem problem) =>
        (int)Math.Clamp(PaddedElements / (Unpadded(problem).InputShape.Count / problem.Batch), 1, problem.Batch);

    /// <summary>The same convolution of an image that brings its padding.</summary>
    private static ConvolutionProblem Unpadded(ConvolutionProblem problem) =>
        problem with
        {
            Input = Size3.Map(a => problem.Input[a] + problem.PadBefore[a] + problem.PadAfter[a]),
            PadBefore = Size3.Zero,
            PadAfter = Size3.Zero,
            Padding = PaddingMode.Zero,
        };

    private nint[] WorkerScratch<T>(long elements)
        where T : unmanaged
    {
        for (int worker = 0; worker < workers.Length; worker++)
            workerPointers[worker] = (nint)workers[worker].Get<T>(elements);
        return workerPointers;
    }
}
