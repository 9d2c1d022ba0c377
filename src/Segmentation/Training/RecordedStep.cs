using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Training;

/// <summary>
/// A training step that was recorded once and runs with two calls: the same bits as the step that computes it operation by
/// operation.
/// </summary>
internal sealed class RecordedStep : IDisposable
{
    private const int ForwardPart = 0,
        BackwardPart = 1;

    private readonly IWorkRecorder recorder;
    private readonly TrainingTask task;
    private readonly IRecordedInput images;
    private readonly IRecordedInput labels;
    private readonly IRecording recording;
    private readonly TrainingPass pass;
    private readonly long recordedAt;

    /// <param name="recorder">Of the task's backend.</param>
    /// <param name="task">What is trained.</param>
    /// <param name="step">The step that is recorded; any other can run.</param>
    /// <param name="rate">Its learning rate.</param>
    /// <param name="imageShape">(samples, depth, height, width, channels).</param>
    /// <param name="modality">Modality of each sample.</param>
    /// <exception cref="NotSupportedException">An operation of the step cannot be recorded.</exception>
    public RecordedStep(
        IWorkRecorder recorder,
        TrainingTask task,
        long step,
        double rate,
        Shape imageShape,
        ModalityIndex modality
    )
    {
        (this.recorder, this.task, recordedAt) = (recorder, task, step);
        images = recorder.CreateInput(imageShape, DType.Float32);
        labels = recorder.CreateInput(new Shape(imageShape.AsSpan()[..^1]), DType.UInt8);
        pass = new TrainingPass(task, step, rate, images.Tensor, labels.Tensor, modality);
        using TensorScope scope = TensorScope.Open(task.Backend.Device);
        pass.Sums.Detach();
        pass.Coefficients.Detach();
        try
        {
            recording = recorder.Record(pass.Forward, pass.Backward);
        }
        catch
        {
            DisposeInputs();
            throw;
        }
    }

    public IRecording Recording => recording;

    /// <summary>Runs a step; returns when its losses are known, while the device goes on.</summary>
    /// <param name="step">Number of the step.</param>
    /// <param name="rate">Its learning rate.</param>
    /// <param name="imageElements">Content of the images.</param>
    /// <param name="labelElements">Content of the labels.</param>
    /// <param name="accept">Throws where the losses are not to be followed; the parameters then stay as they are.</param>
    public SegmentationLossTerms Run(
        long step,
        double rate,
        ReadOnlySpan<float> imageElements,
        ReadOnlySpan<byte> labelElements,
        Action<SegmentationLossTerms> accept
    )
    {
        images.Load(imageElements);
        labels.Load(labelElements);
        recorder.Set(new ReplayNumbers(ForwardContext.StreamOffset(recordedAt, step), [task.Optimizer.RateOf(step, rate)]));
        recording.Run(ForwardPart);
        var terms = new SegmentationLossTerms(pass.Problem, pass.Sums.ToArray<double>());
        accept(terms);
        pass.Coefficients.Load<double>(terms.Coefficients);
        recording.Run(BackwardPart);
        return terms;
    }

    public void Dispose()
    {
        recording.Dispose();
        DisposeInputs();
    }

    private void DisposeInputs()
    {
        pass.Sums.Dispose();
        pass.Coefficients.Dispose();
        images.Dispose();
        labels.Dispose();
    }
}
