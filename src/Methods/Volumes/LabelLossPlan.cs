using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>
/// The step of a method that learns from labels (<see cref="LabelLoss"/>) and from other losses, each one number on the same
/// tape. The host turns the sums over the logits into the loss on labels; then the backward pass of all losses together, and the
/// update of all parameters.
/// </summary>
internal sealed class LabelLossPlan : StepPlan
{
    private readonly VolumeMethod method;
    private readonly LossConfig labels;
    private readonly IReadOnlyList<string> modalities;
    private readonly long step;
    private readonly DeviceBatch batch;
    private readonly Func<ForwardContext, DeviceBatch, (Variable, IReadOnlyList<WeightedLoss>)> compose;
    private readonly ForwardContext pass;
    private readonly SegmentationLossProblem problem;
    private readonly Tensor sums,
        coefficients;
    private IReadOnlyList<WeightedLoss> others = [];
    private IReadOnlyList<Tensor> values = [];
    private Variable? logits,
        sumOfOthers;

    /// <param name="method">What is trained.</param>
    /// <param name="labels">Weights of the loss on labels.</param>
    /// <param name="modalities">Names, by modality index.</param>
    /// <param name="step">Number of the step, from 1.</param>
    /// <param name="batch">What it trains on.</param>
    /// <param name="compose">
    /// By pass and batch, the logits of the network that predicts and the other losses, in the order in which they are shown; as
    /// <see cref="ComposedLossPlan"/> takes them.
    /// </param>
    public LabelLossPlan(
        VolumeMethod method,
        LossConfig labels,
        IReadOnlyList<string> modalities,
        long step,
        DeviceBatch batch,
        Func<ForwardContext, DeviceBatch, (Variable Logits, IReadOnlyList<WeightedLoss> Others)> compose
    )
        : base(method.Backend.Device)
    {
        (this.method, this.labels, this.modalities) = (method, labels, modalities);
        (this.step, this.batch, this.compose) = (step, batch, compose);
        pass = new ForwardContext(new Tape(method.Backend), batch.Groups, Training: true, method.Seed, step);
        Shape shape = batch[VariedSamples.Images].Shape;
        problem = LabelLoss
            .ProblemOf(labels, shape.With(^1, method.Network.Classes), batch.Groups)
            .Validate(batch[VariedSamples.Labels].Shape);
        sums = Exchange(problem.SumsShape, DType.Float64);
        coefficients = Exchange(problem.CoefficientsShape, DType.Float64);
        Parts = [new StepPart(Forward, Decide), new StepPart(Backward)];
    }

    public override IReadOnlyList<StepPart> Parts { get; }

    private void Forward()
    {
        (logits, others) = compose(pass, batch);
        method.Backend.SegmentationLossSums(problem, logits.Value, batch[VariedSamples.Labels], sums);
        values = [.. others.Select(loss => LeftForHost(loss.Value.Value))];
        Variable[] weighted =
        [
            .. others.Where(loss => loss.Weight != 0).Select(loss => pass.Tape.Scale(loss.Value, loss.Weight)),
        ];
        sumOfOthers = weighted.Length == 0 ? null : weighted.Aggregate(pass.Tape.Add);
    }

    private LossReport Decide()
    {
        var derivatives = new LossCoefficients(problem);
        var onLabels = new DiceCrossEntropy(
            SegmentationSums.Of(problem, sums.ToArray<double>()),
            labels.DiceWeight,
            labels.CeWeight,
            derivatives
        );
        coefficients.Load<double>(derivatives.Values);
        double total = onLabels.Total;
        List<LossTerm> terms = [.. LabelLoss.Terms(onLabels, modalities)];
        foreach ((WeightedLoss loss, Tensor left) in others.Zip(values))
        {
            double value = left.ToScalar();
            total += loss.Weight * value;
            terms.Add(new LossTerm(loss.Name, value, $"loss '{loss.Name}'"));
        }

        return new LossReport(total, terms);
    }

    private void Backward()
    {
        pass.CommitUpdates();
        Tensor gradient = Tensor.Allocate(method.Backend.Device, logits!.Shape, logits.DType);
        method.Backend.SegmentationLossGradient(problem, logits.Value, batch[VariedSamples.Labels], coefficients, gradient);
        if (sumOfOthers is null)
        {
            Tape.Release(logits);
            method.Update.Run(pass.Tape, logits, gradient, step);
            return;
        }

        // What has this gradient for the logits, so that all losses go back in one pass.
        Variable onLabels = pass.Tape.Sum(pass.Tape.Multiply(logits, new Variable(gradient)));
        method.Update.Run(pass.Tape, pass.Tape.Add(sumOfOthers, onLabels), step);
    }

    /// <summary>How many losses there are is known in the part only; what is exchanged stays lent until the plan ends.</summary>
    private Tensor LeftForHost(Tensor value)
    {
        Tensor left = Exchange(value.Shape, value.DType);
        method.Backend.Affine(value, 1, 0, left);
        return left;
    }
}
