using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>
/// The step of a method on volumes whose loss is that on labels and a weighted sum of numbers on the tape. The first part
/// computes logits and numbers; the host turns the sums over the logits into the loss on labels; the second part runs the
/// backward pass of all together, and updates by all the method's optimizers.
/// </summary>
internal sealed class LabelledVolumePlan : StepPlan
{
    private readonly VolumeMethod method;
    private readonly long step;
    private readonly DeviceBatch batch;
    private readonly VolumeLabelLoss labels;
    private readonly Func<ForwardContext, DeviceBatch, (Variable Logits, IReadOnlyList<WeightedLoss> Losses)> compose;
    private readonly ForwardContext pass;
    private readonly SegmentationLossProblem problem;
    private readonly Tensor sums,
        coefficients;
    private IReadOnlyList<WeightedLoss> losses = [];
    private IReadOnlyList<Tensor> values = [];
    private Variable? logits,
        beside;

    /// <param name="method">What is trained.</param>
    /// <param name="step">Number of the step, from 1.</param>
    /// <param name="batch">What it trains on.</param>
    /// <param name="labels">The loss on labels.</param>
    /// <param name="compose">The logits of a pass over a batch, and what is minimized beside the loss on labels: scalars.</param>
    public LabelledVolumePlan(
        VolumeMethod method,
        long step,
        DeviceBatch batch,
        VolumeLabelLoss labels,
        Func<ForwardContext, DeviceBatch, (Variable Logits, IReadOnlyList<WeightedLoss> Losses)> compose
    )
        : base(method.Backend.Device)
    {
        (this.method, this.step, this.batch, this.labels, this.compose) = (method, step, batch, labels, compose);
        pass = new ForwardContext(new Tape(method.Backend), batch.Groups, Training: true, method.Seed, step);
        problem = labels
            .ProblemOf(batch[VariedSamples.Images].Shape.With(^1, method.Network.Classes), batch.Groups)
            .Validate(batch[VariedSamples.Labels].Shape);
        sums = Exchange(problem.SumsShape, DType.Float64);
        coefficients = Exchange(problem.CoefficientsShape, DType.Float64);
        Parts = [new StepPart(Forward, Decide), new StepPart(Backward)];
    }

    public override IReadOnlyList<StepPart> Parts { get; }

    private void Forward()
    {
        (logits, losses) = compose(pass, batch);
        method.Backend.SegmentationLossSums(problem, logits.Value, batch[VariedSamples.Labels], sums);
        values = [.. losses.Select(loss => LeftForHost(method.Backend, loss.Value.Value))];
        Variable[] minimized =
        [
            .. losses.Where(loss => loss.Weight != 0).Select(loss => pass.Tape.Scale(loss.Value, loss.Weight)),
        ];
        beside = minimized.Length == 0 ? null : minimized.Aggregate(pass.Tape.Add);
    }

    private LossReport Decide()
    {
        (double total, IEnumerable<LossTerm> terms, double[] derivatives) = labels.Of(problem, sums.ToArray<double>());
        coefficients.Load<double>(derivatives);
        double[] numbers = [.. values.Select(value => value.ToScalar())];
        return new LossReport(
            total + losses.Zip(numbers, (loss, number) => loss.Weight * number).Sum(),
            [.. terms, .. losses.Zip(numbers, (loss, number) => new LossTerm(loss.Name, number, $"loss '{loss.Name}'"))]
        );
    }

    private void Backward()
    {
        pass.CommitUpdates();
        Tensor gradient = Tensor.Allocate(method.Backend.Device, logits!.Shape, logits.DType);
        method.Backend.SegmentationLossGradient(problem, logits.Value, batch[VariedSamples.Labels], coefficients, gradient);
        if (beside is null)
        {
            Tape.Release(logits);
            method.Update.Run(pass.Tape, logits, gradient, step);
            return;
        }

        // What has this gradient for the logits, so that all goes back in one pass.
        Variable onLabels = pass.Tape.Sum(pass.Tape.Multiply(logits, new Variable(gradient)));
        method.Update.Run(pass.Tape, pass.Tape.Add(beside, onLabels), step);
    }
}
