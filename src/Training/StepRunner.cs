using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Training;

/// <summary>
/// Runs a method's steps. On a backend that records, a step is recorded once for each kind of batch and then replayed: the same
/// bits at less cost.
/// </summary>
/// <param name="method">What is trained.</param>
public sealed class StepRunner(TrainingMethod method) : IDisposable
{
    private BatchKind? last;
    private RecordedPlan? recorded;
    private string? refusal;

    /// <summary>The recorded step, where the backend records and a step was repeated.</summary>
    public IRecording? Recording => recorded?.Recording;

    /// <summary>How the device is used, in one line; null until it is known.</summary>
    public string? Plan =>
        refusal is not null ? $"every kernel is launched in every step: {refusal}"
        : Recording is { } recording ? MemoryPlan.Of(method, recording).ToString()
        : null;

    /// <summary>Whether a step failed after it had begun to change parameters, which are then of no step.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>Trains on one batch.</summary>
    /// <param name="step">Number of the step, from 1.</param>
    /// <param name="batch">What to train on.</param>
    /// <exception cref="NonFiniteLossException">A loss is NaN or infinite; parameters that a later part of the step would have
    /// changed are unchanged.</exception>
    public LossReport Run(long step, Batch batch)
    {
        LossReport losses = RecordedFor(step, batch) is { } replayed
            ? replayed.Run(step, batch, losses => Accept(step, losses))
            : RunOnce(step, batch);
        IsTorn = false;
        return losses;
    }

    /// <summary>Frees the recorded step; the method lives on.</summary>
    public void Dispose() => recorded?.Dispose();

    private LossReport RunOnce(long step, Batch batch)
    {
        using TensorScope scope = TensorScope.Open(method.Backend.Device);
        var inputs = batch.Tensors.ToDictionary(tensor => tensor.Kind.Name, tensor => tensor.CopyTo(method.Backend.Device));
        using PreparedBatch prepared = batch.Prepare(method.Backend, inputs);
        prepared.Compute();
        using StepPlan plan = method.WholePlan(step, prepared.Batch);
        plan.Begin(step);
        return RunParts(
            plan,
            number => plan.Parts[number].Compute(),
            report => Accept(step, report),
            warmsUp: method.Backend.Recorder is not null
        );
    }

    /// <summary>The parts of a plan with their decisions.</summary>
    /// <param name="plan">Of a step.</param>
    /// <param name="compute">Computes the part of a number, from 0.</param>
    /// <param name="accept">Throws where losses are not to be followed; what later parts change then stays as it is.</param>
    /// <param name="warmsUp">Whether parts that are not due compute all the same: what has run can be recorded.</param>
    internal static LossReport RunParts(StepPlan plan, Action<int> compute, Action<LossReport> accept, bool warmsUp = false)
    {
        LossReport? losses = null;
        foreach ((int number, StepPart part) in plan.Parts.Index())
        {
            bool isDue = part.IsDue?.Invoke() ?? true;
            if (isDue || warmsUp)
                compute(number);
            if (!isDue || part.Decide is null)
                continue;
            LossReport report = part.Decide();
            accept(report);
            plan.Accepted();
            losses = LossReport.Join(losses, report);
        }

        return losses ?? new LossReport(0);
    }

    /// <summary>
    /// The recorded step for batches of that kind, where the backend records. The first batch of a kind runs operation by
    /// operation, which loads kernels and fills the memory pool; the second is recorded. A step that cannot be recorded, or for
    /// which no memory is left, goes on operation by operation.
    /// </summary>
    private RecordedPlan? RecordedFor(long step, Batch batch)
    {
        if (refusal is not null || method.Backend.Recorder is not { } recorder)
            return null;
        int phase = method.PhaseAt(step);
        if (last is null || !last.IsOf(phase, batch))
        {
            recorded?.Dispose();
            (last, recorded) = (
                new BatchKind(phase, batch.Groups, [.. batch.Tensors.Select(tensor => tensor.Kind)], batch.Preparation),
                null
            );
            return null;
        }

        try
        {
            return recorded ??= new RecordedPlan(recorder, method, step, batch);
        }
        catch (Exception exception) when (exception is NotSupportedException or OutOfMemoryException)
        {
            refusal = exception.Message;
            return null;
        }
    }

    /// <summary>From here on the step changes statistics, parameters and moments, one after the other.</summary>
    private void Accept(long step, LossReport losses)
    {
        losses.RequireFinite(step);
        IsTorn = true;
    }

    /// <summary>What two steps must have in common to be replays of each other.</summary>
    private sealed record BatchKind(
        int Phase,
        ModalityIndex Groups,
        IReadOnlyList<TensorKind> Tensors,
        IBatchPreparation? Preparation
    )
    {
        public bool IsOf(int phase, Batch batch) =>
            Phase == phase
            && Groups.Equals(batch.Groups)
            && Tensors.SequenceEqual(batch.Tensors.Select(tensor => tensor.Kind))
            && Equals(Preparation, batch.Preparation);
    }
}
