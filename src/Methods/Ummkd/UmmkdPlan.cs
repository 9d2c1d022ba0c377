using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
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
    private readonly Tensor sums,
        coefficients;
    private Variable? logits;

    public UmmkdPlan(UmmkdMethod method, long step, DeviceBatch batch)
        : base(method.Backend.Device)
    {
        (this.method, this.step, this.batch) = (method, step, batch);
        context = new ForwardContext(new Tape(method.Backend), batch.Groups, Training: true, method.Seed, step);
        Shape images = batch[VariedSamples.Images].Shape;
        problem = method
            .Loss.ProblemOf(images.With(^1, method.Network.Classes), batch.Groups)
            .Validate(batch[VariedSamples.Labels].Shape);
        sums = Exchange(problem.SumsShape, DType.Float64);
        coefficients = Exchange(problem.CoefficientsShape, DType.Float64);
        Parts = [new StepPart(Forward, Decide), new StepPart(Backward)];
    }

    public override IReadOnlyList<StepPart> Parts { get; }

    /// <summary>From the images to the sums that make the loss.</summary>
    private void Forward()
    {
        logits = method.Network.Forward(context, new Variable(batch[VariedSamples.Images]));
        method.Backend.SegmentationLossSums(problem, logits.Value, batch[VariedSamples.Labels], sums);
    }

    private LossReport Decide()
    {
        UmmkdLossTerms terms = method.Loss.Terms(problem, sums.ToArray<double>());
        coefficients.Load<double>(terms.Coefficients);
        return method.Report(terms);
    }

    /// <summary>From the loss's coefficients to new running statistics and parameters.</summary>
    private void Backward()
    {
        context.CommitUpdates();
        Tensor gradient = Tensor.Allocate(method.Backend.Device, logits!.Shape, logits.DType);
        method.Backend.SegmentationLossGradient(problem, logits.Value, batch[VariedSamples.Labels], coefficients, gradient);
        Tape.Release(logits);
        method.Update.Run(context.Tape, logits, gradient, step);
    }
}
