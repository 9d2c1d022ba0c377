using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Training;

/// <summary>
/// A step whose parts were recorded once and are started with one call each: the same bits as the step that computes them
/// operation by operation.
/// </summary>
internal sealed class RecordedPlan : IDisposable
{
    private readonly IWorkRecorder recorder;
    private readonly TrainingMethod method;
    private readonly Dictionary<string, IRecordedInput> inputs = [];
    private readonly PreparedBatch prepared;
    private readonly StepPlan plan;
    private readonly long recordedAt;

    /// <param name="recorder">Of the method's backend.</param>
    /// <param name="method">What is trained.</param>
    /// <param name="step">The step that is recorded; any other of its phase can run.</param>
    /// <param name="batch">Of the kind that is recorded.</param>
    /// <exception cref="NotSupportedException">An operation of the step cannot be recorded.</exception>
    public RecordedPlan(IWorkRecorder recorder, TrainingMethod method, long step, Batch batch)
    {
        (this.recorder, this.method, recordedAt) = (recorder, method, step);
        PreparedBatch? seen = null;
        StepPlan? made = null;
        try
        {
            foreach (BatchTensor tensor in batch.Tensors)
                inputs.Add(tensor.Kind.Name, recorder.CreateInput(tensor.Shape, tensor.Kind.DType));
            seen = batch.Prepare(method.Backend, inputs.ToDictionary(input => input.Key, input => input.Value.Tensor));
            made = method.WholePlan(step, seen.Batch);
            using TensorScope scope = TensorScope.Open(method.Backend.Device);
            Action[] parts = [.. made.Parts.Select(part => part.Compute)];
            if (parts.Length > 0)
                parts[0] = (Action)seen.Compute + parts[0];
            Recording = recorder.Record(parts);
            (prepared, plan) = (seen, made);
        }
        catch
        {
            made?.Dispose();
            seen?.Dispose();
            DisposeInputs();
            throw;
        }
    }

    public IRecording Recording { get; }

    public IReadOnlyList<StepPart> Parts => plan.Parts;

    /// <summary>Runs a step; returns when its losses are known, while the device goes on.</summary>
    /// <param name="step">Number of the step.</param>
    /// <param name="batch">Of the kind that was recorded.</param>
    /// <param name="accept">Throws where the losses are not to be followed; what later parts change then stays as it is.</param>
    public LossReport Run(long step, Batch batch, Action<LossReport> accept)
    {
        Load(step, batch);
        plan.Begin(step);
        return StepRunner.RunParts(plan, Recording.Run, accept);
    }

    /// <summary>What the parts of a step will read.</summary>
    public void Load(long step, Batch batch)
    {
        foreach (BatchTensor tensor in batch.Tensors)
            tensor.LoadInto(inputs[tensor.Kind.Name]);
        recorder.Set(new ReplayNumbers(ForwardContext.StreamOffset(recordedAt, step), method.RatesOf(step)));
    }

    public void Dispose()
    {
        Recording.Dispose();
        plan.Dispose();
        prepared.Dispose();
        DisposeInputs();
    }

    private void DisposeInputs()
    {
        foreach (IRecordedInput input in inputs.Values)
            input.Dispose();
    }
}
