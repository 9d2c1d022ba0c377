using System.Globalization;
using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Training.Batches;

/// <summary>
/// The samples of one training step, group after group. Disposing of it gives its memory back to the loader that filled it.
/// </summary>
public sealed class LoadedBatch : Batch, IDisposable
{
    /// <summary>Samples of a group that a description names.</summary>
    private const int MostDescribed = 16;

    private readonly IReadOnlyList<string> names;
    private readonly Action<LoadedBatch> recycle;

    internal LoadedBatch(ISampleSource source, int samplesPerGroup, Action<LoadedBatch> recycle)
        : base(
            ModalityIndex.Blocks(source.Groups.Count, samplesPerGroup),
            [.. source.Tensors.Select(kind => BatchTensor.Allocate(kind, source.Groups.Count * samplesPerGroup))]
        )
    {
        (names, this.recycle) = (source.Groups, recycle);
        Origins = new SampleOrigin[Groups.Samples];
        Preparation = source.Preparation;
    }

    /// <summary>The step that this batch is for.</summary>
    public long Step { get; internal set; }

    /// <summary>Where every sample was drawn from.</summary>
    public SampleOrigin[] Origins { get; }

    /// <summary>How long the training loop waited for this batch.</summary>
    public TimeSpan Wait { get; internal set; }

    /// <summary>
    /// What is in the batch, in one line for a message: by group, the samples' origins and the values of their first tensor as
    /// loaded, those of the largest values first, such as "CT: ct_003 slice 17 (-1.2 to 3.4), ct_001 slice 2 (-1.1
    /// to 2.9); MR: mr_001 slice 4 (-0.8 to 2.2, 3 of 768 not finite)".
    /// </summary>
    public string Describe() =>
        string.Join("; ", Groups.Runs().Select(run => $"{names[run.Modality]}: {Describe(run.First, run.Count)}"));

    /// <summary>Gives the memory back; nothing of the batch may be used afterwards.</summary>
    public void Dispose() => recycle(this);

    private string Describe(int first, int count)
    {
        int[] samples = [.. Enumerable.Range(first, count).OrderByDescending(Largest)];
        return string.Join(", ", samples.Take(MostDescribed).Select(sample => $"{Origins[sample]} ({Values(sample)})"))
            + (samples.Length > MostDescribed ? $" and {samples.Length - MostDescribed} more" : "");
    }

    private float[] First(int sample) => Tensors[0].Sample<float>(sample).ToArray();

    private float Largest(int sample) =>
        First(sample).Max(value => float.IsFinite(value) ? Math.Abs(value) : float.PositiveInfinity);

    private string Values(int sample)
    {
        float[] values = First(sample),
            finite = [.. values.Where(float.IsFinite)];
        string range =
            finite.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{finite.Min():G4} to {finite.Max():G4}");
        return finite.Length == values.Length
            ? range
            : $"{range}{(range.Length > 0 ? ", " : "")}{values.Length - finite.Length} of {values.Length} not finite";
    }
}
