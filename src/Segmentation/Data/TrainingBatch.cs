using System.Globalization;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// The samples of one training step, modality after modality: sample i is of modality <c>ModalityOfSample[i]</c>.
/// Disposing of it gives its memory back to the loader that filled it.
/// </summary>
public sealed class TrainingBatch : IDisposable
{
    /// <summary>Samples of a modality that a description names.</summary>
    private const int MostDescribed = 16;

    private readonly IReadOnlyList<Modality> modalities;
    private readonly Action<TrainingBatch> recycle;

    internal TrainingBatch(
        SampleShape shape,
        IReadOnlyList<Modality> modalities,
        int[] modalityOfSample,
        Action<TrainingBatch> recycle
    )
    {
        this.modalities = modalities;
        this.recycle = recycle;
        Shape = shape;
        ModalityOfSample = modalityOfSample;
        Origins = new SampleOrigin[modalityOfSample.Length];
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

    /// <summary>Where every sample was drawn from.</summary>
    public SampleOrigin[] Origins { get; }

    /// <summary>How long the training loop waited for this batch.</summary>
    public TimeSpan Wait { get; internal set; }

    /// <summary>
    /// What is in the batch, in one line for a message: by modality, the samples' origins and intensities as the network sees
    /// them, those of the largest intensities first, such as
    /// "CT: ct_003 slice 17 (-1.2 to 3.4), ct_001 slice 2 (-1.1 to 2.9); MR: mr_001 slice 4 (-0.8 to 2.2, 3 of 768 not finite)".
    /// </summary>
    public string Describe() =>
        string.Join(
            "; ",
            from sample in Enumerable.Range(0, ModalityOfSample.Length)
            group sample by ModalityOfSample[sample] into ofModality
            select $"{modalities[ofModality.Key].Name}: {Describe([.. ofModality.OrderByDescending(sample => ImageOf(sample).Max(v => float.IsFinite(v) ? Math.Abs(v) : float.PositiveInfinity))])}"
        );

    /// <summary>Gives the memory back; nothing of the batch may be used afterwards.</summary>
    public void Dispose() => recycle(this);

    private ArraySegment<float> ImageOf(int sample) => new(Images, sample * Shape.ImageLength, Shape.ImageLength);

    private string Describe(int[] samples) =>
        string.Join(", ", samples.Take(MostDescribed).Select(sample => $"{Origins[sample]} ({Intensities(sample)})"))
        + (samples.Length > MostDescribed ? $" and {samples.Length - MostDescribed} more" : "");

    private string Intensities(int sample)
    {
        ArraySegment<float> image = ImageOf(sample);
        float[] finite = [.. image.Where(float.IsFinite)];
        string range =
            finite.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{finite.Min():G4} to {finite.Max():G4}");
        return finite.Length == image.Count
            ? range
            : $"{range}{(range.Length > 0 ? ", " : "")}{image.Count - finite.Length} of {image.Count} not finite";
    }
}
