using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Training;

/// <summary>
/// The step of a method whose loss is a weighted sum of numbers on one tape. The first part computes the losses; the host
/// reports each and their sum; the second part updates running statistics and, by the sum's gradient, the parameters of all the
/// method's optimizers.
/// </summary>
public sealed class ComposedLossPlan : StepPlan
{
    private readonly TrainingMethod method;
    private readonly long step;
    private readonly DeviceBatch batch;
    private readonly Func<ForwardContext, DeviceBatch, IReadOnlyList<WeightedLoss>> compose;
    private readonly ForwardContext pass;
    private IReadOnlyList<WeightedLoss> losses = [];
    private IReadOnlyList<Tensor> values = [];
    private Variable? total;

    /// <param name="method">What is trained.</param>
    /// <param name="step">Number of the step, from 1.</param>
    /// <param name="batch">What it trains on.</param>
    /// <param name="compose">
    /// The losses by pass and batch, in the order in which they are shown; <c>pass.Tape.Input</c> takes tensors of the batch onto
    /// the tape. Where the backend records, it is called once and its operations are replayed in later steps: it must not read
    /// what they compute, nor do anything else that differs from step to step.
    /// </param>
    public ComposedLossPlan(
        TrainingMethod method,
        long step,
        DeviceBatch batch,
        Func<ForwardContext, DeviceBatch, IReadOnlyList<WeightedLoss>> compose
    )
        : base(method.Backend.Device)
    {
        (this.method, this.step, this.batch, this.compose) = (method, step, batch, compose);
        pass = new ForwardContext(new Tape(method.Backend), batch.Groups, Training: true, method.Seed, step);
        Parts = [new StepPart(Forward, Report), new StepPart(Backward)];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<StepPart> Parts { get; }

    private void Forward()
    {
        losses = compose(pass, batch);
        RequireSum();
        values = [.. losses.Select(loss => LeftForHost(method.Backend, loss.Value.Value))];
        total = losses.Where(loss => loss.Weight != 0).Select(Weighted).Aggregate(pass.Tape.Add);
    }

    private LossReport Report()
    {
        double[] numbers = [.. values.Select(value => value.ToScalar())];
        return new LossReport(
            losses.Zip(numbers, (loss, value) => loss.Weight * value).Sum(),
            [.. losses.Zip(numbers, (loss, value) => new LossTerm(loss.Name, value, $"loss '{loss.Name}'"))]
        );
    }

    private void Backward()
    {
        pass.CommitUpdates();
        method.Update.Run(pass.Tape, total!, step);
    }

    private Variable Weighted(WeightedLoss loss) => loss.Weight == 1 ? loss.Value : pass.Tape.Scale(loss.Value, loss.Weight);

    /// <exception cref="ArgumentException">The losses cannot be summed, reported or minimized.</exception>
    private void RequireSum()
    {
        HashSet<string> names = [LossReport.TotalName];
        foreach (WeightedLoss loss in losses)
        {
            if (!names.Add(loss.Name))
                throw new ArgumentException($"a loss cannot be called '{loss.Name}': another has that name");
            if (loss.Value.Shape.Count != 1)
                throw new ArgumentException(
                    $"the loss '{loss.Name}' has shape {loss.Value.Shape}, expected one element: take its mean or sum"
                );
        }

        if (!losses.Any(loss => loss.Weight != 0 && loss.Value.RequiresGradient))
            throw new ArgumentException(
                $"nothing to minimize: none of the losses ({string.Join(", ", losses.Select(loss => loss.Name))}) has a weight "
                    + "and depends on a trained parameter"
            );
    }
}
