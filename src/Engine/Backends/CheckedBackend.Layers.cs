using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

public abstract partial class CheckedBackend
{
    /// <inheritdoc/>
    public override void ConvolutionForward(
        ConvolutionProblem problem,
        Tensor x,
        Tensor w,
        Tensor? bias,
        Tensor y,
        bool accumulate = false
    )
    {
        RequireConvolution(problem, x, w, y);
        RequireShape(bias, new Shape(problem.OutputChannels), "bias");
        Backend typed = ForStored([x, y], w, bias);
        using var widening = new Widening(typed);
        typed.ConvolutionForward(problem, widening.Read(x), w, bias, Summed(widening, y, accumulate), accumulate);
        widening.Store();
    }

    /// <inheritdoc/>
    public override void ConvolutionBackwardData(ConvolutionProblem problem, Tensor gy, Tensor w, Tensor gx)
    {
        RequireConvolution(problem, gx, w, gy);
        Backend typed = ForStored([gy, gx], w);
        using var widening = new Widening(typed);
        typed.ConvolutionBackwardData(problem, widening.Read(gy), w, widening.Write(gx));
        widening.Store();
    }

    /// <inheritdoc/>
    public override void ConvolutionBackwardWeights(ConvolutionProblem problem, Tensor x, Tensor gy, Tensor gw)
    {
        RequireConvolution(problem, x, gw, gy);
        Backend typed = ForStored([x, gy], gw);
        using var widening = new Widening(typed);
        typed.ConvolutionBackwardWeights(problem, widening.Read(x), widening.Read(gy), gw);
    }

    /// <inheritdoc/>
    public override bool FusesConvolution(ConvolutionProblem problem, InputNormalization? input, Tensor x) =>
        ForStored([x]).FusesConvolution(problem, input, x);

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
        RequireConvolution(problem, x, w, y);
        RequireShape(bias, new Shape(problem.OutputChannels), "bias");
        RequireInputNormalization(input, x);
        if (statistics is not null)
            RequireNormalization(statistics.Problem, y, statistics.Mean, statistics.Variance);
        Backend typed = ForStored(
            [x, y],
            w,
            bias,
            input?.Mean,
            input?.Variance,
            input?.Gamma,
            input?.Beta,
            statistics?.Mean,
            statistics?.Variance
        );
        using var widening = new Widening(typed);
        typed.FusedConvolutionForward(
            problem,
            input,
            widening.Read(x),
            w,
            bias,
            Summed(widening, y, accumulate),
            statistics,
            accumulate
        );
        widening.Store();
    }

    /// <inheritdoc/>
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
        RequireConvolution(problem, x, w, gy);
        RequireShape(gw, w.Shape, "gw");
        RequireShape(gx, x.Shape, "gx");
        RequireInputNormalization(input, x);
        Backend typed = ForStored([x, gy, gx], w, gw, input?.Mean, input?.Variance, input?.Gamma, input?.Beta);
        using var widening = new Widening(typed);
        typed.FusedConvolutionBackward(problem, input, widening.Read(x), widening.Read(gy), w, gw, widening.Write(gx));
        widening.Store();
    }

    /// <inheritdoc/>
    public override void MaxPoolForward(PoolingProblem problem, Tensor x, Tensor y, Tensor choice)
    {
        RequirePooling(problem, x, y);
        RequireChoice(problem, choice);
        For(x, y).MaxPoolForward(problem, x, y, choice);
    }

    /// <inheritdoc/>
    public override void MaxPoolBackward(PoolingProblem problem, Tensor gy, Tensor choice, Tensor gx)
    {
        RequirePooling(problem, gx, gy);
        RequireChoice(problem, choice);
        For(gy, gx).MaxPoolBackward(problem, gy, choice, gx);
    }

    /// <inheritdoc/>
    public override void AveragePoolForward(PoolingProblem problem, Tensor x, Tensor y)
    {
        RequirePooling(problem, x, y);
        For(x, y).AveragePoolForward(problem, x, y);
    }

    /// <inheritdoc/>
    public override void AveragePoolBackward(PoolingProblem problem, Tensor gy, Tensor gx)
    {
        RequirePooling(problem, gx, gy);
        For(gy, gx).AveragePoolBackward(problem, gy, gx);
    }

    /// <inheritdoc/>
    public override void RoiMaxPoolForward(
        RoiPoolingProblem problem,
        Tensor x,
        Tensor corners,
        Tensor? scores,
        Tensor y,
        Tensor choice
    )
    {
        RequireRegions(problem, x, corners, scores, y, choice);
        For(x, scores, y).RoiMaxPoolForward(problem, x, corners, scores, y, choice);
    }

    /// <inheritdoc/>
    public override void RoiMaxPoolBackward(
        RoiPoolingProblem problem,
        Tensor gy,
        Tensor corners,
        Tensor? scores,
        Tensor choice,
        Tensor gx
    )
    {
        RequireRegions(problem, gx, corners, scores, gy, choice);
        For(gy, scores, gx).RoiMaxPoolBackward(problem, gy, corners, scores, choice, gx);
    }

    /// <inheritdoc/>
    public override void PixelShuffle(Tensor x, int factor, bool transposed, Tensor y)
    {
        RequireShuffle(x, factor, y);
        For(x, y).PixelShuffle(x, factor, transposed, y);
    }

    /// <inheritdoc/>
    public override void PixelUnshuffle(Tensor y, int factor, bool transposed, Tensor x)
    {
        RequireShuffle(x, factor, y);
        For(y, x).PixelUnshuffle(y, factor, transposed, x);
    }

    /// <inheritdoc/>
    public override void NormalizationStatistics(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance)
    {
        RequireNormalization(problem, x, mean, variance);
        Backend typed = ForStored([x], mean, variance);
        using var widening = new Widening(typed);
        typed.NormalizationStatistics(problem, widening.Read(x), mean, variance);
    }

    /// <inheritdoc/>
    public override void UpdateRunningStatistics(
        NormalizationProblem problem,
        double decay,
        Tensor mean,
        Tensor variance,
        Tensor runningMean,
        Tensor runningVariance
    ) => UpdateRunningStatistics([new RunningUpdate(problem, decay, mean, variance, runningMean, runningVariance)]);

    /// <inheritdoc/>
    public override void UpdateRunningStatistics(IReadOnlyList<RunningUpdate> updates)
    {
        foreach (RunningUpdate update in updates)
        {
            if (update.Problem.Kind != NormalizationKind.Batch)
                throw new ArgumentException($"running statistics belong to batch normalization, not to {update.Problem.Kind}");
            foreach (Tensor tensor in StatisticsOf(update))
                RequireShape(tensor, update.Problem.StatisticsShape, "each of the statistics");
        }

        // All updates of one element type in one call: a device may then do them in one launch.
        foreach (IGrouping<Backend, RunningUpdate> typed in updates.GroupBy(update => For(StatisticsOf(update))))
            typed.Key.UpdateRunningStatistics([.. typed]);
    }

    /// <inheritdoc/>
    public override void NormalizationForward(
        NormalizationProblem problem,
        Tensor x,
        Tensor mean,
        Tensor variance,
        Tensor gamma,
        Tensor beta,
        Tensor y
    )
    {
        RequireNormalization(problem, x, mean, variance);
        RequireShape(gamma, problem.AffineShape, "gamma");
        RequireShape(beta, problem.AffineShape, "beta");
        RequireShape(y, problem.InputShape, "y");
        RequireNoNarrower(y, x, "y");
        Backend typed = ForStored([x, y], mean, variance, gamma, beta);
        using var widening = new Widening(typed);
        typed.NormalizationForward(problem, widening.Read(x), mean, variance, gamma, beta, widening.Write(y));
        widening.Store();
    }

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
        FusedNormalizationBackward(
            new InputNormalization(problem, mean, variance, gamma, beta),
            throughStatistics,
            gy,
            x,
            gx,
            ggamma,
            gbeta
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
    )
    {
        (NormalizationProblem problem, Tensor mean, Tensor variance, Tensor gamma, Tensor beta) = input;
        RequireNormalization(problem, x, mean, variance);
        RequireShape(gy, problem.InputShape, "gy");
        RequireShape(gx, problem.InputShape, "gx");
        foreach (Tensor? tensor in (ReadOnlySpan<Tensor?>)[gamma, beta, ggamma, gbeta])
            RequireShape(tensor, problem.AffineShape, "each of gamma, beta and their gradients");
        RequireNoNarrower(gy, x, "gy");
        if (gx is not null)
            RequireType(gx, x.DType, "gx");
        Backend typed = ForStored([gy, x, gx], mean, variance, gamma, beta, ggamma, gbeta);
        using var widening = new Widening(typed);
        typed.FusedNormalizationBackward(
            input,
            throughStatistics,
            widening.Read(gy),
            widening.Read(x),
            widening.Write(gx),
            ggamma,
            gbeta
        );
        widening.Store();
    }

    /// <inheritdoc/>
    public override void ResidualAdd(Tensor shortcut, Tensor branch, DropoutMask mask, Tensor y)
    {
        RequireShape(y, branch.Shape, "y");
        RequireMask(mask);
        if (
            shortcut.Shape.Rank != branch.Shape.Rank
            || shortcut.Shape.With(^1, branch.Shape[^1]) != branch.Shape
            || shortcut.Shape[^1] > branch.Shape[^1]
        )
            throw new ArgumentException(
                $"a shortcut {shortcut.Shape} cannot be added to a branch {branch.Shape}: only the channels may differ, "
                    + "and the shortcut may not have more"
            );
        Backend typed = ForStored([branch], shortcut, y);
        using var widening = new Widening(typed);
        typed.ResidualAdd(shortcut, widening.Read(branch), mask, y);
    }

    /// <inheritdoc/>
    public override void SegmentationLossSums(SegmentationLossProblem problem, Tensor logits, Tensor labels, Tensor sums)
    {
        RequireLoss(problem, logits, labels);
        RequireShape(sums, problem.SumsShape, "sums");
        RequireType(sums, DType.Float64, "sums");
        For(logits).SegmentationLossSums(problem, logits, labels, sums);
    }

    /// <inheritdoc/>
    public override void SegmentationLossGradient(
        SegmentationLossProblem problem,
        Tensor logits,
        Tensor labels,
        Tensor coefficients,
        Tensor gz
    )
    {
        RequireLoss(problem, logits, labels);
        RequireShape(coefficients, problem.CoefficientsShape, "coefficients");
        RequireType(coefficients, DType.Float64, "coefficients");
        RequireShape(gz, problem.LogitsShape, "gz");
        For(logits, gz).SegmentationLossGradient(problem, logits, labels, coefficients, gz);
    }

    /// <inheritdoc/>
    public override void SoftmaxKlSum(Tensor teacher, Tensor student, double temperature, Tensor sum)
    {
        RequireDistillation(teacher, student, temperature);
        RequireCount(sum, 1, "sum");
        For(teacher, student, sum).SoftmaxKlSum(teacher, student, temperature, sum);
    }

    /// <inheritdoc/>
    public override void SoftmaxKlGradient(Tensor teacher, Tensor student, double temperature, Tensor scale, Tensor gs)
    {
        RequireDistillation(teacher, student, temperature);
        RequireCount(scale, 1, "scale");
        RequireShape(gs, student.Shape, "gs");
        For(teacher, student, scale, gs).SoftmaxKlGradient(teacher, student, temperature, scale, gs);
    }

    /// <inheritdoc/>
    public override void Augment(
        AugmentationProblem problem,
        Tensor x,
        Tensor labels,
        Tensor variation,
        Tensor y,
        Tensor variedLabels
    )
    {
        problem.Validate();
        RequireShape(x, problem.ImageShape, "x");
        RequireShape(y, problem.ImageShape, "y");
        RequireShape(variation, problem.VariationShape, "variation");
        RequireType(variation, DType.Float64, "variation");
        foreach (Tensor map in (ReadOnlySpan<Tensor>)[labels, variedLabels])
        {
            RequireShape(map, problem.LabelsShape, "each of the class maps");
            RequireType(map, DType.UInt8, "each of the class maps");
        }

        For(x, y).Augment(problem, x, labels, variation, y, variedLabels);
    }

    /// <inheritdoc/>
    public override void Adam(AdamSettings settings, Tensor w, Tensor g, Tensor m, Tensor v) =>
        Adam([new AdamUpdate(settings, w, g, m, v)]);

    /// <inheritdoc/>
    public override void Adam(IReadOnlyList<AdamUpdate> updates)
    {
        foreach (AdamUpdate update in updates)
        {
            RequireShape(update.G, update.W.Shape, "g");
            RequireShape(update.M, update.W.Shape, "m");
            RequireShape(update.V, update.W.Shape, "v");
        }

        // All updates of one element type in one call: a device may then do them in one launch.
        foreach (IGrouping<Backend, AdamUpdate> typed in updates.GroupBy(update => For(update.W, update.G, update.M, update.V)))
            typed.Key.Adam([.. typed]);
    }

    /// <inheritdoc/>
    public override void Sgd(SgdSettings settings, Tensor w, Tensor g, Tensor velocity) =>
        Sgd([new SgdUpdate(settings, w, g, velocity)]);

    /// <inheritdoc/>
    public override void Sgd(IReadOnlyList<SgdUpdate> updates)
    {
        foreach (SgdUpdate update in updates)
        {
            RequireShape(update.G, update.W.Shape, "g");
            RequireShape(update.Velocity, update.W.Shape, "velocity");
        }

        foreach (IGrouping<Backend, SgdUpdate> typed in updates.GroupBy(update => For(update.W, update.G, update.Velocity)))
            typed.Key.Sgd([.. typed]);
    }

    private static void RequireDistillation(Tensor teacher, Tensor student, double temperature)
    {
        RequireShape(teacher, student.Shape, "teacher");
        if (student.Shape.Rank == 0)
            throw new ArgumentException("logits need an axis of classes, but a scalar was given");
        if (!(temperature > 0) || double.IsInfinity(temperature))
            throw new ArgumentException($"the temperature must be a positive number, but is {temperature}");
    }

    private static Tensor[] StatisticsOf(RunningUpdate update) =>
        [update.Mean, update.Variance, update.RunningMean, update.RunningVariance];

    private static Tensor Summed(Widening widening, Tensor y, bool accumulate) =>
        accumulate ? widening.Update(y) : widening.Write(y);

    private static void RequireConvolution(ConvolutionProblem problem, Tensor x, Tensor w, Tensor y)
    {
        problem.Validate();
        RequireShape(x, problem.InputShape, "convolution input");
        RequireShape(w, problem.WeightShape, "convolution weights");
        RequireShape(y, problem.OutputShape, "convolution output");
    }

    private static void RequirePooling(PoolingProblem problem, Tensor x, Tensor y)
    {
        problem.Validate();
        RequireShape(x, problem.InputShape, "pooling input");
        RequireShape(y, problem.OutputShape, "pooling output");
    }

    private static void RequireChoice(PoolingProblem problem, Tensor choice)
    {
        RequireShape(choice, problem.OutputShape, "choice");
        RequireType(choice, DType.UInt8, "choice");
    }

    private static void RequireRegions(
        RoiPoolingProblem problem,
        Tensor x,
        Tensor corners,
        Tensor? scores,
        Tensor y,
        Tensor choice
    )
    {
        problem.Validate();
        RequireShape(x, problem.InputShape, "map of the regions");
        RequireShape(corners, problem.CornersShape, "corners of the regions");
        RequireType(corners, DType.Float32, "corners of the regions");
        RequireShape(scores, problem.ScoresShape, "scores of the regions");
        RequireShape(y, problem.OutputShape, "pooled regions");
        RequireShape(choice, problem.OutputShape, "choice");
        RequireType(choice, DType.Int32, "choice");
    }

    private static void RequireShuffle(Tensor x, int factor, Tensor y)
    {
        if (x.Shape.Rank != 5 || factor < 1 || x.Shape[4] % (factor * factor) != 0)
            throw new ArgumentException(
                $"pixel shuffle by {factor} needs (batch, depth, height, width, channels {factor} {factor}), not {x.Shape}"
            );
        RequireShape(
            y,
            new Shape(x.Shape[0], x.Shape[1], x.Shape[2] * factor, x.Shape[3] * factor, x.Shape[4] / (factor * factor)),
            "shuffled tensor"
        );
    }

    private static void RequireNormalization(NormalizationProblem problem, Tensor x, Tensor mean, Tensor variance)
    {
        problem.Validate();
        RequireMask(problem.Dropout);
        RequireShape(x, problem.InputShape, "normalization input");
        RequireShape(mean, problem.StatisticsShape, "mean");
        RequireShape(variance, problem.StatisticsShape, "variance");
    }

    private static void RequireInputNormalization(InputNormalization? input, Tensor x)
    {
        if (input is null)
            return;
        RequireNormalization(input.Problem, x, input.Mean, input.Variance);
        RequireShape(input.Gamma, input.Problem.AffineShape, "gamma");
        RequireShape(input.Beta, input.Problem.AffineShape, "beta");
    }

    private static void RequireLoss(SegmentationLossProblem problem, Tensor logits, Tensor labels)
    {
        problem.Validate(labels.Shape);
        RequireShape(logits, problem.LogitsShape, "logits");
        RequireType(labels, DType.UInt8, "labels");
    }
}
