using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>Over which elements a normalization takes its moments.</summary>
public enum NormalizationKind
{
    /// <summary>
    /// Per modality and channel, over that modality's samples and positions (Ioffe and Szegedy 2015; per domain as in Chang et
    /// al. 2019).
    /// </summary>
    Batch,

    /// <summary>Per sample and channel (Ulyanov et al. 2016).</summary>
    Instance,

    /// <summary>Per sample (Ba et al. 2016).</summary>
    Layer,

    /// <summary>Per sample and group of neighbouring channels (Wu and He 2018).</summary>
    Group,
}

/// <summary>
/// Sizes of a per-modality normalization of x (samples, positions..., channels):
/// y = leakyReLU(gamma[m, c] * (d - mean[r, g]) / sqrt(variance[r, g] + epsilon) + beta[m, c]), d = dropout(x),
/// where m is the sample's modality, r the row of statistics (m for batch norm, else the sample) and g the channel's group.
/// Variances are biased.
/// </summary>
/// <param name="InputShape">Shape of x; the first axis is the sample, the last the channel.</param>
/// <param name="Kind">Over what the moments are taken.</param>
/// <param name="Modality">Modality of each sample: chooses gamma, beta and, in batch norm, the statistics.</param>
/// <param name="Groups">Number of channel groups of <see cref="NormalizationKind.Group"/>; ignored by the others.</param>
/// <param name="Epsilon">Added to the variance.</param>
/// <param name="Slope">Slope of the leaky ReLU below zero; 1 for no activation.</param>
/// <param name="Dropout">Applied to x before it is normalized.</param>
public sealed record NormalizationProblem(
    Shape InputShape,
    NormalizationKind Kind,
    ModalityIndex Modality,
    int Groups,
    double Epsilon,
    double Slope,
    DropoutMask Dropout
)
{
    /// <summary>Number of samples in the batch.</summary>
    public int Samples => InputShape[0];

    /// <summary>Channels of the input.</summary>
    public int Channels => InputShape[^1];

    /// <summary>Positions per sample.</summary>
    public int Positions => checked((int)(InputShape.Count / Samples / Channels));

    /// <summary>Rows of mean and variance: one for each modality of batch normalization, else one for each sample.</summary>
    public int StatisticsRows => Kind == NormalizationKind.Batch ? Modality.Modalities : Samples;

    /// <summary>Groups of channels that share a mean and a variance.</summary>
    public int StatisticsGroups =>
        Kind switch
        {
            NormalizationKind.Layer => 1,
            NormalizationKind.Group => Groups,
            NormalizationKind.Batch or NormalizationKind.Instance => Channels,
            _ => throw new InvalidOperationException($"unknown kind of normalization {Kind}"),
        };

    /// <summary>Shape of mean and variance: (rows, groups).</summary>
    public Shape StatisticsShape => new(StatisticsRows, StatisticsGroups);

    /// <summary>Shape of gamma and beta: (modalities, channels).</summary>
    public Shape AffineShape => new(Modality.Modalities, Channels);

    /// <summary>Row of statistics that a sample is normalized by.</summary>
    public int RowOf(int sample) => Kind == NormalizationKind.Batch ? Modality[sample] : sample;

    /// <summary>Group of a channel.</summary>
    public int GroupOf(int channel) => channel / (Channels / StatisticsGroups);

    /// <summary>Elements behind each value of a row of statistics; 0 where a modality has no sample.</summary>
    public long ElementsOfRow(int row) =>
        (Kind == NormalizationKind.Batch ? Modality.SamplesOf(row) : 1L) * Positions * (Channels / StatisticsGroups);

    /// <exception cref="ArgumentException">The sizes don't fit together.</exception>
    public NormalizationProblem Validate()
    {
        if (InputShape.Rank < 2)
            throw new ArgumentException($"normalization input {InputShape} needs a sample axis and a channel axis");
        if (Modality.Samples != Samples)
            throw new ArgumentException(
                $"normalization input {InputShape} has {Samples} samples but {Modality.Samples} modality indices"
            );
        if (Channels % StatisticsGroups != 0)
            throw new ArgumentException($"{Channels} channels cannot be split into {StatisticsGroups} equal groups");
        return this;
    }
}
