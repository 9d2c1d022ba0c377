using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Ummkd;

/// <summary>
/// One step: all modalities forward as one batch; the host turns the sums over the logits into losses and coefficients; then
/// running statistics, the backward pass and the update.
/// </summary>
internal sealed class UmmkdPlan : StepPlan
{
    private readonly UmmkdMethod method;
    private readonly long step;
    private readonly DeviceBatch batch;
    private readonly ForwardContext context;
    private readonly SegmentationLossProblem problem;
    private readonly SegmentationLossProblem? halves;
    private readonly IReadOnlyList<IAddedTerm> added;
    private readonly Tensor sums,
        coefficients;
    private readonly Tensor? styleShares,
        sumsOfHalves,
        diceCoefficients,
        diceSquare,
        entropyCoefficients,
        entropySquare;
    private long running;
    private Variable? logits;
    private double distillationNorm;

    public UmmkdPlan(UmmkdMethod method, long step, DeviceBatch batch)
        : base(method.Backend.Device)
    {
        (this.method, this.step, this.batch, running) = (method, step, batch, step);
        context = new ForwardContext(new Tape(method.Backend), batch.Groups, Training: true, method.Seed, step);
        Shape images = batch[VariedSamples.Images].Shape;
        problem = method
            .Loss.ProblemOf(images.With(^1, method.Network.Classes), batch.Groups)
            .Validate(batch[VariedSamples.Labels].Shape);
        sums = Exchange(problem.SumsShape, DType.Float64);
        coefficients = Exchange(problem.CoefficientsShape, DType.Float64);
        if (method.MixesStyles)
            styleShares = Exchange(new Shape(batch.Groups.Samples), DType.Float32);
        halves = method.Loss.Distillation.Floor ? DistillationFloor.HalvesOf(problem) : null;
        if (halves is not null)
            sumsOfHalves = Exchange(halves.SumsShape, DType.Float64);
        added = [.. method.Additions.Select(addition => addition.TermOf(batch, Exchange))];
        if (!method.MeasuresGradients)
        {
            Parts = [new StepPart(Forward, Decide), new StepPart(Backward)];
            return;
        }

        (diceCoefficients, diceSquare) = Measured();
        (entropyCoefficients, entropySquare) = Measured();
        Parts =
        [
            new StepPart(Forward, Decide),
            new StepPart(MeasureGradients, ReportGradients, () => method.MeasuresGradientsAt(running)),
            new StepPart(Backward),
        ];

        (Tensor, Tensor) Measured() => (Exchange(problem.CoefficientsShape, DType.Float64), Exchange(new Shape(), DType.Float32));
    }

    public override IReadOnlyList<StepPart> Parts { get; }

    /// <summary>The step before has read its shares by now: its losses are known.</summary>
    public override void Begin(long step)
    {
        running = step;
        styleShares?.Load<float>(StyleMixing.SharesOf(method.Seed, step, batch.Groups.Samples));
    }

    public override void Accepted()
    {
        method.Means?.Accept();
        if (halves is not null)
            method.MeansOfHalves?.Accept();
        foreach (IAddedTerm term in added)
            term.Accepted();
    }

    /// <summary>From the images to the sums that make the loss.</summary>
    private void Forward()
    {
        Tensor labels = batch[VariedSamples.Labels];
        var taps = new FeatureTaps([.. added.SelectMany(term => term.Stages)]);
        var images = new Variable(batch[VariedSamples.Images]);
        logits = styleShares is null
            ? method.Network.Forward(context, images, taps)
            : StyleMixing.Forward(method.Network, context, images, styleShares);
        method.Backend.SegmentationLossSums(problem, logits.Value, labels, sums);

        // A pass of its own: sums of halves added up would round otherwise than the sums of the whole.
        if (halves is not null)
            method.Backend.SegmentationLossSums(halves, logits.Value, labels, sumsOfHalves!);
        foreach (IAddedTerm term in added)
            term.Forward(context, taps);
    }

    private LossReport Decide()
    {
        IReadOnlyList<SegmentationSums> ofBatch = SegmentationSums.Of(problem, sums.ToArray<double>());
        UmmkdLossTerms terms = method.Loss.Terms(problem, method.Means?.Average(ofBatch) ?? ofBatch);
        coefficients.Load<double>(terms.Coefficients.Values);
        if (method.MeasuresGradientsAt(running))
        {
            diceCoefficients!.Load<double>(method.Loss.CoefficientsOf(problem, ofBatch, dice: true));
            entropyCoefficients!.Load<double>(method.Loss.CoefficientsOf(problem, ofBatch, dice: false));
            distillationNorm = GradientNorms.OfDistillation(ofBatch, terms.Coefficients);
        }

        (double Total, IReadOnlyList<LossTerm> Terms)[] more = [.. added.Select(term => term.Decide(ofBatch))];
        return method.Report(terms, Floor(), (more.Sum(term => term.Total), [.. more.SelectMany(term => term.Terms)]));
    }

    private double? Floor()
    {
        if (halves is null)
            return null;
        IReadOnlyList<SegmentationSums> ofBatch = SegmentationSums.Of(halves, sumsOfHalves!.ToArray<double>());
        return DistillationFloor.Of(method.Loss.Distillation, halves, method.MeansOfHalves?.Average(ofBatch) ?? ofBatch);
    }

    private void MeasureGradients()
    {
        Measure(diceCoefficients!, diceSquare!);
        Measure(entropyCoefficients!, entropySquare!);

        void Measure(Tensor coefficients, Tensor square) =>
            GradientNorms.Square(method.Backend, problem, logits!.Value, batch[VariedSamples.Labels], coefficients, square);
    }

    /// <summary>Losses that are known already are not reported again.</summary>
    private LossReport ReportGradients()
    {
        KeyValuePair<string, double>[] norms =
        [
            new($"{UmmkdMethod.GradientPrefix}dice", Math.Sqrt(diceSquare!.ToScalar())),
            new($"{UmmkdMethod.GradientPrefix}ce", Math.Sqrt(entropySquare!.ToScalar())),
            new($"{UmmkdMethod.GradientPrefix}kd", distillationNorm),
        ];
        return new LossReport(0) { Details = () => norms };
    }

    /// <summary>From the loss's coefficients to new running statistics and parameters.</summary>
    private void Backward()
    {
        context.CommitUpdates();
        Tensor gradient = Tensor.Allocate(method.Backend.Device, logits!.Shape, logits.DType);
        method.Backend.SegmentationLossGradient(problem, logits.Value, batch[VariedSamples.Labels], coefficients, gradient);
        if (added.Count == 0)
        {
            Tape.Release(logits);
            method.Update.Run(context.Tape, logits, gradient, step);
            return;
        }

        // A number whose gradient is that of the whole loss, so that all goes back in one pass.
        Variable total = context.Tape.Sum(context.Tape.Multiply(logits, new Variable(gradient)));
        foreach (IAddedTerm term in added)
            total = term.Join(context.Tape, total);
        method.Update.Run(context.Tape, total, step);
    }
}
