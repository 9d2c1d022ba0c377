using System.Globalization;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Planning;

/// <summary>Settings of the 2D network, on whole slices with their neighbours.</summary>
/// <param name="fingerprint">Of the dataset.</param>
/// <param name="problem">What of the budget a candidate does not fit; the time counts where that is true.</param>
/// <param name="choice">Why this network.</param>
internal sealed class SlicePlanner(DatasetFingerprint fingerprint, Func<Candidate, bool, string?> problem, string choice)
{
    /// <summary>Of the network's halvings.</summary>
    private const int Multiple = 8;

    /// <summary>The paper's; half of it shows organs (README: 0.79 and 0.83 of Dice at 128).</summary>
    private const int MostSide = 256,
        HalfSide = 128,
        LeastSide = 64;

    /// <summary>The paper's channels, and half of them.</summary>
    private static readonly int[] Widths = [16, 8];

    private const int Batch = 4;

    private readonly double side = fingerprint.Modalities.Max(modality => Math.Max(modality.Size[0], modality.Size[1]));

    /// <exception cref="UsageException">Nothing fits.</exception>
    public Candidate Choose()
    {
        int most = Math.Clamp((int)Math.Ceiling(side / Multiple) * Multiple, LeastSide, MostSide);
        string? why = null;
        foreach (int channels in Widths)
        {
            int least = channels == Widths[^1] ? Math.Min(most, LeastSide) : Math.Min(most, HalfSide);
            for (int size = most; size >= least; size -= Multiple)
            {
                Candidate candidate = At(size, most, channels, why);
                bool isLast = channels == Widths[^1] && size == least;
                if (problem(candidate, !isLast) is not { } found)
                    return candidate;
                why = found;
            }
        }

        throw new UsageException(
            $"no 2D network of {Widths[^1]} channels and slices of {LeastSide}x{LeastSide} fits: {why}; give it more"
        );
    }

    private Candidate At(int size, int most, int channels, string? why)
    {
        double slices = fingerprint.Modalities.Sum(m => m.Volume / (m.Extent[0] * m.Extent[1] * m.Spacing[2]));
        return new Candidate(
            [
                new(
                    "data.size",
                    Text($"{size}"),
                    Text($"whole slices, of {side:0} pixels in the middle; {MostSide} is the paper's")
                        + (size < most ? $"; smaller because {why}" : "")
                ),
                new("data.slices", "3", "a slice with its neighbours, as in the paper"),
                new("data.foreground_fraction", "0.6", "slices with a class are drawn more often; measured so (README)"),
                new("network.name", "dilated2d", choice),
                new(
                    "network.channels",
                    Text($"{channels}"),
                    channels == Widths[0] ? "the paper's" : "half of the paper's, for the budget; measured so (README)"
                ),
                new("network.dropout_keep", "0.9", "weaker than the paper's 0.75, for few steps; measured so (README)"),
                new("optimizer.name", "adam", "the paper's; SGD was not measured with this network"),
                new("optimizer.learning_rate", "0.001", "the paper's"),
                new(
                    "optimizer.schedule",
                    "poly",
                    "falls to 0 at the last step, so that nothing has to be tuned to the number of steps"
                ),
                new("training.batch", Text($"{Batch}"), "samples of each modality; measured so (README)"),
            ],
            (long)(slices * size * size) * Candidate.BytesOfVoxel(fingerprint.Channels)
        );
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
