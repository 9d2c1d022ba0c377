using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>A forward pass that was recorded and is started with one call.</summary>
internal sealed class RecordedPass : IDisposable
{
    private readonly IRecordedInput images;
    private readonly IRecording recording;

    /// <param name="recorder">Of the device's backend.</param>
    /// <param name="device">Computes.</param>
    /// <param name="kind">Its images are float32.</param>
    /// <param name="compute">From the images to the result.</param>
    /// <exception cref="NotSupportedException">An operation cannot be recorded.</exception>
    public RecordedPass(IWorkRecorder recorder, Device device, PassKind kind, Func<Tensor, Tensor> compute)
    {
        images = recorder.CreateInput(kind.Images, DType.Float32);
        Tensor? result = null;
        try
        {
            using (TensorScope.Open(device))
                recording = recorder.Record(() => result = compute(images.Tensor).Detach());
            Result = result!;
            Output = kind.IsFetched ? recorder.CreateOutput(Result) : null;
        }
        catch
        {
            result?.Dispose();
            recording?.Dispose();
            images.Dispose();
            throw;
        }
    }

    /// <summary>What the pass writes; the next one overwrites it.</summary>
    public Tensor Result { get; }

    /// <summary>Brings the result to the host; null for kinds that the host does not read.</summary>
    public IRecordedOutput? Output { get; }

    /// <summary>Starts the pass; the images may be changed when this returns.</summary>
    public void Start(ReadOnlySpan<float> content)
    {
        images.Load(content);
        recording.Run(0);
    }

    public void Dispose()
    {
        Output?.Dispose();
        Result.Dispose();
        recording.Dispose();
        images.Dispose();
    }
}
