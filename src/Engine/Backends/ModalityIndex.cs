namespace UnpairedSegEngine.Backends;

/// <summary>
/// Which modality each sample of a batch belongs to. The modalities of a step travel as one batch, and normalization and losses
/// pick theirs by this index.
/// </summary>
public sealed class ModalityIndex : IEquatable<ModalityIndex>
{
    private readonly int[] ofSample;

    /// <param name="modalities">Number of modalities that the network knows.</param>
    /// <param name="ofSample">Modality of each sample, in [0, <paramref name="modalities"/>).</param>
    /// <exception cref="ArgumentException">A sample names a modality that does not exist.</exception>
    public ModalityIndex(int modalities, params ReadOnlySpan<int> ofSample)
    {
        foreach (int modality in ofSample)
        {
            if ((uint)modality >= (uint)modalities)
                throw new ArgumentException($"a sample has modality {modality}, but the network knows {modalities}");
        }

        Modalities = modalities;
        this.ofSample = ofSample.ToArray();
    }

    /// <summary>Number of modalities that the network knows.</summary>
    public int Modalities { get; }

    /// <summary>Number of samples in the batch.</summary>
    public int Samples => ofSample.Length;

    /// <summary>Modality of a sample.</summary>
    public int this[int sample] => ofSample[sample];

    /// <summary><paramref name="samples"/> samples of one modality.</summary>
    public static ModalityIndex Single(int modalities, int modality, int samples) =>
        new(modalities, Enumerable.Repeat(modality, samples).ToArray());

    /// <summary>Equal shares, modality after modality: 0, 0, ..., 1, 1, ...</summary>
    public static ModalityIndex Blocks(int modalities, int samplesEach) =>
        new(modalities, Enumerable.Range(0, modalities * samplesEach).Select(sample => sample / samplesEach).ToArray());

    /// <summary>Number of samples of a modality.</summary>
    public int SamplesOf(int modality) => ofSample.AsSpan().Count(modality);

    /// <summary>Runs of neighbouring samples of one modality, in order.</summary>
    public IReadOnlyList<(int Modality, int First, int Count)> Runs()
    {
        var runs = new List<(int Modality, int First, int Count)>();
        for (int sample = 0; sample < Samples; sample++)
        {
            if (runs.Count > 0 && runs[^1].Modality == ofSample[sample])
                runs[^1] = runs[^1] with { Count = runs[^1].Count + 1 };
            else
                runs.Add((ofSample[sample], sample, 1));
        }

        return runs;
    }

    /// <inheritdoc/>
    public bool Equals(ModalityIndex? other) =>
        other is not null && Modalities == other.Modalities && ofSample.AsSpan().SequenceEqual(other.ofSample);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as ModalityIndex);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Modalities);
        foreach (int modality in ofSample)
            hash.Add(modality);
        return hash.ToHashCode();
    }
}
