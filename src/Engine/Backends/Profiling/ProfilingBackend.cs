using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Profiling;

/// <summary>
/// A backend that hands every operation on and records its time, FLOPs and bytes. Fused operations are one where the backend has
/// kernels for them, else the parts that they
/// consist of.
/// </summary>
/// <param name="inner">Does the work; not disposed with this.</param>
public sealed class ProfilingBackend(Backend inner) : Backend(inner.Device)
{
    private readonly OperationClock clock = inner.CreateClock();
    private readonly List<(string Name, string Sizes, int Begin, int End, double Flops, long Bytes, long Allocated)> operations =
    [];

    /// <inheritdoc/>
    public override string Description => inner.Description;

    /// <inheritdoc/>
    public override IWorkRecorder? Recorder => inner.Recorder;

    /// <inheritdoc/>
    public override DType ActivationType(DType computed) => inner.ActivationType(computed);

    /// <inheritdoc/>
    public override DevicePeaks? Peaks => inner.Peaks;

    /// <summary>What was recorded, in order; waits until it is done.</summary>
    public IReadOnlyList<OperationRecord> Records =>
        [
            .. clock.Preparations.Select(p => Timed(p.Operation, "", p.Begin, p.End, 0, 0, 0)),
            .. operations.Select(o => Timed(o.Name, o.Sizes, o.Begin, o.End, o.Flops, o.Bytes, o.Allocated)),
        ];

    /// <summary>The kernels of the operations, in order, without FLOPs and bytes of their own.</summary>
    public IReadOnlyList<OperationRecord> Kernels => [.. clock.Kernels.Select(k => Timed(k.Kernel, "", k.Begin, k.End, 0, 0, 0))];

    /// <summary>Forgets what was recorded.</summary>
    public void Restart()
    {
        operations.Clear();
        clock.Restart();
    }

    /// <summary>Ends the recording; the inner backend stays.</summary>
    public override void Dispose() => clock.Dispose();

    /// <inheritdoc/>
    public override void Fill(Tensor y, double value) => Time("fill", () => inner.Fill(y, value), y);

    /// <inheritdoc/>
    public override void Convert(Tensor x, Tensor y) => Time("convert", () => inner.Convert(x, y), x, y);

    /// <inheritdoc/>
    public override void Binary(BinaryFunction function, Tensor a, Tensor b, Tensor y) =>
        Time(Lower(function), () => inner.Binary(function, a, b, y), a, b, y);

    /// <inheritdoc/>
    public override void Unary(UnaryFunction function, Tensor x, Tensor y) =>
        Time(Lower(function), () => inner.Unary(function, x, y), x, y);

    /// <inheritdoc/>
    public override void Affine(Tensor x, double scale, double offset, Tensor y) =>
        Time("affine", () => inner.Affine(x, scale, offset, y), x, y);

    /// <inheritdoc/>
    public override void LeakyReluForward(Tensor x, double slope, Tensor y) =>
        Time("leaky relu", () => inner.LeakyReluForward(x, slope, y), x, y);

    /// <inheritdoc/>
    public override void LeakyReluBackward(Tensor gy, Tensor x, double slope, Tensor gx) =>
        Time("leaky relu backward", () => inner.LeakyReluBackward(gy, x, slope, gx), gy, x, gx);

    /// <inheritdoc/>
    public override void Dropout(Tensor x, DropoutMask mask, Tensor y) => Time("dropout", () => inner.Dropout(x, mask, y), x, y);

    /// <inheritdoc/>
    public override void Sum(Tensor x, int outer, int reduced, int rest, Tensor y) =>
        Time("sum", () => inner.Sum(x, outer, reduced, rest, y), x, y);

    /// <inheritdoc/>
    public override void Broadcast(Tensor x, int outer, int repeated, int rest, Tensor y) =>
        Time("broadcast", () => inner.Broadcast(x, outer, repeated, rest, y), x, y);

    /// <inheritdoc/>
    public override void CopyChannels(Tensor x, int xStart, Tensor y, int yStart, int count) =>
        Time("copy channels", () => inner.CopyChannels(x, xStart, y, yStart, count), x, y);

    /// <inheritdoc/>
    public override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y) =>
        Time(
            "matrix product",
            $"{a.Shape} {b.Shape}",
            2.0 * y.Count * a.Shape[transposeA ? 0 : 1],
            () => inner.MatMul(a, transposeA, b, transposeB, y),
            a,
            b,
            y
        );

    /// <inheritdoc/>
    public override void Max(Tensor x, int outer, int reduced, int rest, Tensor y, Tensor index) =>
        Time("max", () => inner.Max(x, outer, reduced, rest, y, index), x, y, index);

    /// <inheritdoc/>
    public override void Gather(Tensor x, Tensor index, int outer, int extent, int rest, Tensor y) =>
        Time("gather", () => inner.Gather(x, index, outer, extent, rest, y), y, index, y);

    /// <inheritdoc/>
    public override void Scatter(Tensor y, Tensor index, int outer, int extent, int rest, Tensor x) =>
        Time("scatter", () => inner.Scatter(y, index, outer, extent, rest, x), y, index, x);

    /// <inheritdoc/>
    public override void Softmax(Tensor x, int outer, int classes, int rest, Tensor y) =>
        Time("softmax", () => inner.Softmax(x, outer, classes, rest, y), x, y);

    /// <inheritdoc/>
    public override void LogSoftmax(Tensor x, int outer, int classes, int rest, Tensor y) =>
        Time("log softmax", () => inner.LogSoftmax(x, outer, classes, rest, y), x, y);

    /// <inheritdoc/>
    public override void SoftmaxKlSum(Tensor teacher, Tensor student, double temperature, Tensor sum) =>
        Time("softmax kl", () => inner.SoftmaxKlSum(teacher, student, temperature, sum), teacher, student);

    /// <inheritdoc/>
    public override void SoftmaxKlGradient(Tensor teacher, Tensor student, double temperature, Tensor scale, Tensor gs) =>
        Time(
            "softmax kl gradient",
            () => inner.SoftmaxKlGradient(teacher, student, temperature, scale, gs),
            teacher,
            student,
            gs
        );

    /// <inheritdoc/>
    public override void ConvolutionForward(
        ConvolutionProblem problem,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        bool accumulate = false
    ) =>
        Time(
            "convolution forward",
            Text(problem),
            problem.FlopsWithinImage,
            () => inner.ConvolutionForward(problem, x, w, bias, y, accumulate),
            x,
            w,
            y
        );

    /// <inheritdoc/>
    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx) =>
        Time(
            "convolution data gradient",
            Text(problem),
            problem.FlopsWithinImage,
            () => inner.ConvolutionBackwardData(problem, gy, w, gx),
            gy,
            w,
            gx
        );

    /// <inheritdoc/>
    public override void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw) =>
        Time(
            "convolution weight gradient",
            Text(problem),
            problem.FlopsWithinImage,
            () => inner.ConvolutionBackwardWeights(problem, x, gy, gw),
            x,
            gy,
            gw
        );

    /// <inheritdoc/>
    public override void FusedConvolutionForward(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        OutputStatistics? statistics,
        bool accumulate = false
    )
    {
        if (inner.FusesConvolution(problem, input, x))
            Time(
                "convolution forward",
                Text(problem),
                problem.FlopsWithinImage,
                () => inner.FusedConvolutionForward(problem, input, x, w, bias, y, statistics, accumulate),
                x,
                w,
                y
            );
        else
            base.FusedConvolutionForward(problem, input, x, w, bias, y, statistics, accumulate);
    }

    /// <inheritdoc/>
    /// <remarks>Each gradient has its own time. What a device would prepare once for both is prepared for each.</remarks>
    public override void FusedConvolutionBackward(
        ConvolutionProblem problem,
        InputNormalization? input,
        Tensor x,
        Tensor gy,
        Tensor w,
        Tensor? gw,
        Tensor? gx
    )
    {
        if (gw is null || !inner.FusesConvolution(problem, input, x))
        {
            base.FusedConvolutionBackward(problem, input, x, gy, w, gw, gx);
            return;
        }

        Time(
            "convolution weight gradient",
            Text(problem),
            problem.FlopsWithinImage,
            () => inner.FusedConvolutionBackward(problem, input, x, gy, w, gw, null),
            x,
            gy,
            gw
        );
        if (gx is not null)
            ConvolutionBackwardData(problem, gy, w, gx);
    }

    /// <inheritdoc/>
    public override void MaxPoolForward(PoolingProblem problem, Tensor x, Tensor y, Tensor choice) =>
        Time("max pool", () => inner.MaxPoolForward(problem, x, y, choice), x, y, choice);

    /// <inheritdoc/>
    public override void MaxPoolBackward(PoolingProblem problem, Tensor gy, Tensor choice, Tensor gx) =>
        Time("max pool backward", () => inner.MaxPoolBackward(problem, gy, choice, gx), gy, choice, gx);

    /// <inheritdoc/>
    public override void AveragePoolForward(PoolingProblem problem, Tensor x, Tensor y) =>
        Time("average pool", () => inner.AveragePoolForward(problem, x, y), x, y);

    /// <inheritdoc/>
    public override void AveragePoolBackward(PoolingProblem problem, Tensor gy, Tensor gx) =>
        Time("average pool backward", () => inner.AveragePoolBackward(problem, gy, gx), gy, gx);

    /// <inheritdoc/>
    public override void RoiMaxPoolForward(
        RoiPoolingProblem problem,
        Tensor x,
        Tensor corners,
        Tensor? scores,
        Tensor y,
        Tensor choice
    ) => Time("roi max pool", () => inner.RoiMaxPoolForward(problem, x, corners, scores, y, choice), y, choice, x);

    /// <inheritdoc/>
    public override void RoiMaxPoolBackward(
        RoiPoolingProblem problem,
        Tensor gy,
        Tensor corners,
        Tensor? scores,
        Tensor choice,
        Tensor gx
    ) => Time("roi max pool backward", () => inner.RoiMaxPoolBackward(problem, gy, corners, scores, choice, gx), gy, choice, gx);

    /// <inheritdoc/>
    public override void PixelShuffle(Tensor x, int factor, bool transposed, Tensor y) =>
        Time("pixel shuffle", () => inner.PixelShuffle(x, factor, transposed, y), x, y);

    /// <inheritdoc/>
    public override void PixelUnshuffle(Tensor y, int factor, bool transposed, Tensor x) =>
        Time("pixel unshuffle", () => inner.PixelUnshuffle(y, factor, transposed, x), y, x);

    /// <inheritdoc/>
    public override void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance) =>
        Time("normalization statistics", () => inner.NormalizationStatistics(problem, x, mean, variance), x);

    /// <inheritdoc/>
    public override void UpdateRunningStatistics(
        NormalizationProblem problem,
        double decay,
        Tensor mean,
        Tensor variance,
        Tensor runningMean,
        Tensor runningVariance
    ) =>
        Time(
            "running statistics",
            () => inner.UpdateRunningStatistics(problem, decay, mean, variance, runningMean, runningVariance),
            runningMean,
            runningVariance
        );

    /// <inheritdoc/>
    public override void UpdateRunningStatistics(IReadOnlyList<RunningUpdate> updates) =>
        Time(
            "running statistics",
            $"{updates.Count} normalizations",
            0,
            () => inner.UpdateRunningStatistics(updates),
            [.. updates.SelectMany(update => new[] { update.RunningMean, update.RunningVariance })]
        );

    /// <inheritdoc/>
    public override void NormalizationForward(
        NormalizationProblem problem,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor y
    ) => Time("normalization", () => inner.NormalizationForward(problem, x, mean, variance, gamma, beta, y), x, y);

    /// <inheritdoc/>
    public override void NormalizationBackward(
        NormalizationProblem problem,
        bool throughStatistics,
        Tensor gy,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor? gx,
        Tensor? ggamma,
        Tensor? gbeta
    ) =>
        Time(
            "normalization backward",
            () => inner.NormalizationBackward(problem, throughStatistics, gy, x, mean, variance, gamma, beta, gx, ggamma, gbeta),
            gx is null ? [gy, x] : [gy, x, gx]
        );

    /// <inheritdoc/>
    internal override void FusedNormalizationBackward(
        InputNormalization input,
        bool throughStatistics,
        Tensor gy,
        Tensor x,
        Tensor? gx,
        Tensor? ggamma,
        Tensor? gbeta
    ) =>
        Time(
            "normalization backward",
            () => inner.FusedNormalizationBackward(input, throughStatistics, gy, x, gx, ggamma, gbeta),
            gx is null ? [gy, x] : [gy, x, gx]
        );

    /// <inheritdoc/>
    public override void ResidualAdd(Tensor shortcut, Tensor branch, DropoutMask mask, Tensor y) =>
        Time("residual addition", () => inner.ResidualAdd(shortcut, branch, mask, y), shortcut, branch, y);

    /// <inheritdoc/>
    public override void SegmentationLossSums(SegmentationLossProblem problem, Tensor logits, Tensor labels, Tensor sums) =>
        Time("loss sums", () => inner.SegmentationLossSums(problem, logits, labels, sums), logits, labels);

    /// <inheritdoc/>
    public override void SegmentationLossGradient(
        SegmentationLossProblem problem,
        Tensor logits,
        Tensor labels,
        Tensor coefficients,
        Tensor gz
    ) =>
        Time(
            "loss gradient",
            () => inner.SegmentationLossGradient(problem, logits, labels, coefficients, gz),
            logits,
            labels,
            gz
        );

    /// <inheritdoc/>
    public override void Augment(
        AugmentationProblem problem,
        Tensor x,
        Tensor labels,
        Tensor variation,
        Tensor y,
        Tensor variedLabels
    ) =>
        Time(
            "augmentation",
            () => inner.Augment(problem, x, labels, variation, y, variedLabels),
            x,
            labels,
            y,
            y,
            y,
            variedLabels
        );

    /// <inheritdoc/>
    public override void Adam(AdamSettings settings, Tensor w, Tensor g, Tensor m, Tensor v) =>
        Time("adam", () => inner.Adam(settings, w, g, m, v), w, w, g, m, m, v, v);

    /// <inheritdoc/>
    public override bool UpdatesTogether => inner.UpdatesTogether;

    /// <inheritdoc/>
    public override void Adam(IReadOnlyList<AdamUpdate> updates) =>
        Time(
            "adam",
            $"{updates.Count} tensors",
            0,
            () => inner.Adam(updates),
            [.. updates.SelectMany(u => new[] { u.W, u.W, u.G, u.M, u.M, u.V, u.V })]
        );

    /// <inheritdoc/>
    public override void Sgd(SgdSettings settings, Tensor w, Tensor g, Tensor velocity) =>
        Time("sgd", () => inner.Sgd(settings, w, g, velocity), w, w, g, velocity, velocity);

    /// <inheritdoc/>
    public override void Sgd(IReadOnlyList<SgdUpdate> updates) =>
        Time(
            "sgd",
            $"{updates.Count} tensors",
            0,
            () => inner.Sgd(updates),
            [.. updates.SelectMany(u => new[] { u.W, u.W, u.G, u.Velocity, u.Velocity })]
        );

    private static string Lower<TEnum>(TEnum function)
        where TEnum : struct, Enum => function.ToString().ToLowerInvariant();

    private static string Text(ConvolutionProblem p)
    {
        string stride = p.Stride == Size3.One ? "" : $" stride {p.Stride}",
            dilation = p.Dilation == Size3.One ? "" : $" dilation {p.Dilation}";
        return $"{p.InputChannels}->{p.OutputChannels} {p.Kernel} at {p.Output}{stride}{dilation}";
    }

    private void Time(string name, Action operation, params ReadOnlySpan<Tensor> tensors) =>
        Time(name, tensors[0].Shape.ToString(), 0, operation, tensors);

    private void Time(string name, string sizes, double flops, Action operation, params ReadOnlySpan<Tensor> tensors)
    {
        long bytes = 0;
        foreach (Tensor tensor in tensors)
            bytes += tensor.Bytes;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        int begin = clock.Begin(name);
        operation();
        int end = clock.End();
        operations.Add((name, sizes, begin, end, flops, bytes, GC.GetAllocatedBytesForCurrentThread() - allocated));
    }

    /// <summary>A tick at least, so that rates stay finite.</summary>
    private OperationRecord Timed(string name, string sizes, int begin, int end, double flops, long bytes, long allocated)
    {
        TimeSpan start = clock.TimeOf(begin);
        return new OperationRecord(
            name,
            sizes,
            start,
            TimeSpan.FromTicks(Math.Max(1, (clock.TimeOf(end) - start).Ticks)),
            flops,
            bytes,
            allocated
        );
    }
}
