using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Schedules;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>
/// One step of unpaired multi-modal training: all modalities forward as one batch, their losses and the distillation between
/// them,
/// backward, one Adam update with L2 on the kernels. On a backend that records, the step is recorded once and then replayed. Dou
/// et al. 2020, arXiv:2001.03111.
/// </summary>
public sealed class TrainingStep : IDisposable
{
    private readonly TrainingTask task;
    private readonly StepDecay schedule;
    private readonly bool penalizesAll;
    private (Shape Images, ModalityIndex Modality)? last;
    private RecordedStep? recorded;
    private string? refusal;

    public TrainingStep(Backend backend, ISegmentationNetwork network, LossSettings loss, OptimizerSettings optimizer, ulong seed)
    {
        (schedule, penalizesAll) = (optimizer.Schedule, optimizer.PenalizesAll);
        Parameter[] trained = [.. network.Parameters.Trainable];
        var adam = new Adam(
            backend,
            trained.Select(p => new OptimizedTensor(p.Name, p.Value, IsDecayed: IsPenalized(p))),
            optimizer.Beta1,
            optimizer.Beta2,
            optimizer.Epsilon,
            optimizer.L2
        );
        task = new TrainingTask(backend, network, trained, loss, adam, seed);
    }

    public ISegmentationNetwork Network => task.Network;

    public Adam Optimizer => task.Optimizer;

    /// <summary>The recorded step, where the backend records and a step was repeated.</summary>
    public IRecording? Recording => recorded?.Recording;

    /// <summary>How the device is used, in one line; null until it is known.</summary>
    public string? Plan =>
        refusal is not null ? $"every kernel is launched in every step: {refusal}"
        : Recording is { } recording ? MemoryPlan.Of(task, recording).ToString()
        : null;

    /// <summary>Whether a step failed after it had begun to change parameters, which are then of no step.</summary>
    public bool IsTorn { get; private set; }

    /// <summary>Learning rate of a step.</summary>
    public double LearningRate(long step) => schedule.At(step);

    /// <summary>Trains on one batch.</summary>
    /// <param name="step">Number of the step, from 1.</param>
    /// <param name="images">(samples, depth, height, width, channels).</param>
    /// <param name="imageShape">Shape of <paramref name="images"/>.</param>
    /// <param name="labels">Class of each position.</param>
    /// <param name="modality">Modality of each sample.</param>
    /// <exception cref="NonFiniteLossException">A loss is NaN or infinite; the parameters are unchanged.</exception>
    public SegmentationLossTerms Run(
        long step,
        ReadOnlySpan<float> images,
        Shape imageShape,
        ReadOnlySpan<byte> labels,
        ModalityIndex modality
    )
    {
        SegmentationLossTerms terms = RecordedFor(step, imageShape, modality) is { } recorded
            ? recorded.Run(step, LearningRate(step), images, labels, terms => Accept(step, terms))
            : RunOnce(step, images, imageShape, labels, modality);
        IsTorn = false;
        return terms;
    }

    /// <summary>
    /// The L2 term of the loss, l2 / 2 * sum of what it penalizes, squared; its gradient is part of the optimizer's update.
    /// </summary>
    public double L2Penalty()
    {
        double squares = 0;
        foreach (Parameter penalized in task.Trained.Where(IsPenalized))
        {
            using TensorScope scope = TensorScope.Open(task.Backend.Device);
            var tape = new Tape(task.Backend, recording: false);
            squares += tape.Sum(tape.Multiply(penalized.Variable, penalized.Variable)).Value.ToScalar();
        }

        return 0.5 * Optimizer.L2 * squares;
    }

    public void Dispose()
    {
        recorded?.Dispose();
        Optimizer.Dispose();
    }

    private SegmentationLossTerms RunOnce(
        long step,
        ReadOnlySpan<float> images,
        Shape imageShape,
        ReadOnlySpan<byte> labels,
        ModalityIndex modality
    )
    {
        using TensorScope scope = TensorScope.Open(task.Backend.Device);
        Tensor input = Tensor.From(task.Backend.Device, imageShape, images),
            truth = Tensor.From(task.Backend.Device, new Shape(imageShape.AsSpan()[..^1]), labels);
        var pass = new TrainingPass(task, step, LearningRate(step), input, truth, modality);
        pass.Forward();
        var terms = new SegmentationLossTerms(pass.Problem, pass.Sums.ToArray<double>());
        Accept(step, terms);
        pass.Coefficients.Load<double>(terms.Coefficients);
        pass.Backward();
        return terms;
    }

    /// <summary>
    /// The recorded step for batches of that kind, where the backend records. The first batch of a kind runs operation by
    /// operation, which loads kernels and fills the
    /// memory pool; the second is recorded. A step that cannot be recorded, or for which no memory is left, goes on operation by
    /// operation.
    /// </summary>
    private RecordedStep? RecordedFor(long step, Shape images, ModalityIndex modality)
    {
        if (refusal is not null || task.Backend.Recorder is not { } recorder)
            return null;
        if (last is not { } earlier || earlier.Images != images || !earlier.Modality.Equals(modality))
        {
            recorded?.Dispose();
            (last, recorded) = ((images, modality), null);
            return null;
        }

        try
        {
            return recorded ??= new RecordedStep(recorder, task, step, LearningRate(step), images, modality);
        }
        catch (Exception exception) when (exception is NotSupportedException or OutOfMemoryException)
        {
            refusal = exception.Message;
            return null;
        }
    }

    private bool IsPenalized(Parameter parameter) => penalizesAll || parameter.Kind == ParameterKind.Kernel;

    /// <summary>From here on the step changes statistics, parameters and moments, one after the other.</summary>
    private void Accept(long step, SegmentationLossTerms terms)
    {
        RequireFinite(step, terms);
        IsTorn = true;
    }

    private static void RequireFinite(long step, SegmentationLossTerms terms)
    {
        for (int m = 0; m < terms.Dice.Length; m++)
        {
            Require($"Dice loss of modality {m}", terms.Dice[m]);
            Require($"cross-entropy of modality {m}", terms.CrossEntropy[m]);
        }

        Require("distillation loss", terms.Distillation);

        void Require(string term, double value)
        {
            if (!double.IsFinite(value))
                throw new NonFiniteLossException(step, term, value);
        }
    }
}
