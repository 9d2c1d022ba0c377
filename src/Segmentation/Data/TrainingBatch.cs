namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// The samples of one training step, modality after modality: sample i is of modality <c>ModalityOfSample[i]</c>.
/// Disposing of it gives its memory back to the loader that filled it.
/// </summary>
public sealed class TrainingBatch : IDisposable
{
    private readonly Action<TrainingBatch> recycle;

    internal TrainingBatch(SampleShape shape, int[] modalityOfSample, Action<TrainingBatch> recycle)
    {
        this.recycle = recycle;
        Shape = shape;
        ModalityOfSample = modalityOfSample;
        Images = new float[modalityOfSample.Length * shape.ImageLength];
        Labels = new byte[modalityOfSample.Length * shape.PixelCount];
    }

    /// <summary>The size of every sample.</summary>
    public SampleShape Shape { get; }

    /// <summary>The step that this batch is for.</summary>
    public long Step { get; internal set; }

    /// <summary>(samples, depth, height, width, channels).</summary>
    public float[] Images { get; }

    /// <summary>(samples, depth, height, width); <see cref="LabelValue.Ignored"/> marks pixels of no class.</summary>
    public byte[] Labels { get; }

    /// <summary>The modality index of every sample.</summary>
    public int[] ModalityOfSample { get; }

    /// <summary>How long the training loop waited for this batch.</summary>
    public TimeSpan Wait { get; internal set; }

    /// <summary>Gives the memory back; nothing of the batch may be used afterwards.</summary>
    public void Dispose() => recycle(this);
}
