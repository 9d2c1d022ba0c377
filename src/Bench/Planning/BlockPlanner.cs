using System.Globalization;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Bench.Planning;

/// <summary>Settings of the 3D network, on blocks.</summary>
/// <param name="fingerprint">Of the dataset.</param>
/// <param name="problem">What of the budget a candidate does not fit; the time counts where that is true.</param>
/// <param name="choice">Why this network.</param>
internal sealed class BlockPlanner(DatasetFingerprint fingerprint, Func<Candidate, bool, string?> problem, string choice)
{
    /// <summary>nnU-Net's threshold: the coarsest spacing over the finest, and as much between the numbers of voxels.</summary>
    private const double Anisotropic = 3;

    /// <summary>
    /// Share of the median case's voxels that a block has at least: nnU-Net adds a low resolution where its patches have less.
    /// </summary>
    private const double Coverage = 0.25;

    /// <summary>Each step to coarser voxels, as in nnU-Net.</summary>
    private const double CoarserBy = 1.03;

    /// <summary>Voxels that may be so much longer for the sake of twice the channels.</summary>
    private const double WorthTwiceTheChannels = 1.5;

    /// <summary>
    /// Share of a slice's side that a block has at least: the body, and where in it an organ lies, without most of the air.
    /// That, and the rest of <see cref="Coverage"/> in depth, is what was measured (README).
    /// </summary>
    private const double ShareOfSide = 0.85;

    /// <summary>A block of fewer slices has no depth to pool; a median slice of fewer voxels shows no organs.</summary>
    private const int LeastDepth = 8,
        LeastSide = 32;

    private const int Batch = 2;

    private static readonly int[] Widths = [32, 16, 8];

    private readonly double[] extent = [.. Along(axis => Mean(fingerprint.Modalities.Select(m => m.Extent[axis])))];

    /// <summary>Channels, or the fewest; then voxels; then larger blocks for what is left.</summary>
    /// <exception cref="UsageException">Nothing fits.</exception>
    public Candidate Choose()
    {
        double[] target = Target();
        string? why = null;
        foreach (int channels in Widths)
        {
            double[]? spacing = FinestThatFits(target, channels, ref why);
            if (spacing is null || (channels > Widths[^1] && Ratio(spacing, target) > WorthTwiceTheChannels))
                continue;
            double coverage = Coverage;
            for (double larger = 1; spacing.SequenceEqual(target) && larger > Coverage; larger -= 0.125)
            {
                if (problem(At(target, spacing, channels, larger, why), true) is null)
                {
                    coverage = larger;
                    break;
                }
            }

            return At(target, spacing, channels, coverage, why);
        }

        throw new UsageException(
            $"no 3D network of {Widths[^1]} channels fits: {why}; give it more, or take --network dilated2d"
        );
    }

    /// <summary>
    /// The median spacing of each modality; where that is anisotropic, the coarse axis has the 10th percentile (nnU-Net).
    /// Modalities have as many samples in a step as each other, so they weigh alike here: the geometric mean.
    /// </summary>
    private double[] Target() => [.. Along(axis => Mean(fingerprint.Modalities.Select(modality => TargetOf(modality)[axis])))];

    private static double[] TargetOf(ModalityFingerprint modality)
    {
        double[] spacing = [.. modality.Spacing];
        int coarse = Array.IndexOf(spacing, spacing.Max());
        double others = Math.Max(spacing[(coarse + 1) % 3], spacing[(coarse + 2) % 3]),
            size = Math.Min(modality.Size[(coarse + 1) % 3], modality.Size[(coarse + 2) % 3]);
        if (modality.Anisotropy > Anisotropic && modality.Size[coarse] * Anisotropic < size)
            spacing[coarse] = Math.Max(modality.FineSpacing[coarse], others);
        return spacing;
    }

    /// <summary>Null where not even the coarsest voxels do. With the fewest channels, these need not fit the time.</summary>
    private double[]? FinestThatFits(double[] target, int channels, ref string? why)
    {
        for (double[] spacing = target; ; spacing = Coarser(spacing))
        {
            if (problem(At(target, spacing, channels, Coverage, why), true) is not { } found)
                return spacing;
            why = found;
            double[] next = Coarser(spacing);
            if (Math.Max(Voxels(next, 0), Voxels(next, 1)) >= LeastSide)
                continue;
            bool fits = channels == Widths[^1] && problem(At(target, spacing, channels, Coverage, why), false) is null;
            return fits ? spacing : null;
        }
    }

    /// <summary>Shorter axes first until none is twice as long as another, then all.</summary>
    private static double[] Coarser(double[] spacing)
    {
        double longest = spacing.Max();
        bool[] isShort = [.. spacing.Select(s => longest / s > 2)];
        return [.. spacing.Select((s, axis) => !isShort.Contains(true) || isShort[axis] ? s * CoarserBy : s)];
    }

    private Candidate At(double[] target, double[] exact, int channels, double coverage, string? why)
    {
        double[] spacing = [.. exact.Select(Digits)];
        double share = Math.Max(ShareOfSide, Math.Sqrt(coverage)),
            side = share * Math.Max(Voxels(spacing, 0), Voxels(spacing, 1)),
            slices = Voxels(spacing, 2),
            depth = Poolable(Math.Min(slices, Math.Max(LeastDepth, slices * coverage / (share * share))));
        var levels = PlannedLevels.Of([side, side, depth], spacing);
        int size = ToMultiple(side, Math.Max(levels.Multiple.Height, levels.Multiple.Width)),
            blockDepth = ToMultiple(depth, levels.Multiple.Depth);
        long voxels = (long)fingerprint.Modalities.Sum(m => m.Volume / (spacing[0] * spacing[1] * spacing[2])),
            bytes = voxels * Candidate.BytesOfVoxel(fingerprint.Channels);
        string medians = string.Join(
            ", ",
            fingerprint.Modalities.Select(m => Text($"{m.Name} {m.Spacing[0]:0.##} x {m.Spacing[1]:0.##} x {m.Spacing[2]:0.##}"))
        );
        return new Candidate(
            [
                new(
                    "data.spacing",
                    string.Join(',', spacing.Select(s => Text($"{s}"))),
                    Text(
                        $"mm; medians are {medians}, their geometric mean {target[0]:0.##} x {target[1]:0.##} x {target[2]:0.##}"
                    ) + (exact.SequenceEqual(target) ? "" : Text($", coarser by {Ratio(exact, target):0.##} because {why}"))
                ),
                new(
                    "data.size",
                    Text($"{size}"),
                    Text(
                        $"{share:0.##} of a slice's side, which has {Math.Max(extent[0], extent[1]):0} mm: the body without most of the air; a multiple of {levels.Multiple.Height} for the pools"
                    )
                ),
                new(
                    "data.depth",
                    Text($"{blockDepth}"),
                    Text(
                        $"of {slices:0} slices: a block has {100 * coverage:0} % of the median case's voxels (nnU-Net's have a quarter or more); a multiple of {levels.Multiple.Depth}"
                    )
                ),
                .. CacheOf(bytes),
                new(
                    "data.foreground_fraction",
                    "0.7",
                    "blocks centred on a class, small ones as often as large ones; measured so (docs/training.md), nnU-Net has 0.33"
                ),
                .. Strong.Augmentation,
                new("network.name", "unet3d", choice),
                new(
                    "network.channels",
                    Text($"{channels}"),
                    channels == Widths[^1]
                        ? "the fewest; twice as many would ask for voxels that are too coarse for the budget"
                        : Text(
                            $"the budget allows them with voxels at most {WorthTwiceTheChannels} times as long as the target's"
                        )
                ),
                new(
                    "network.kernels",
                    PlannedLevels.Text(levels.Kernels),
                    "no convolution across slices while their distance is more than twice the pixels' (nnU-Net)"
                ),
                new(
                    "network.pools",
                    PlannedLevels.Text(levels.Pools),
                    "each axis while its voxels are at most twice as long as the shortest and 8 (in depth 4) are left (nnU-Net: 4)"
                ),
                .. Strong.Optimizer,
                new("training.batch", Text($"{Batch}"), "samples of each modality; nnU-Net's least"),
            ],
            bytes
        );
    }

    private static IEnumerable<PlannedSetting> CacheOf(long bytes)
    {
        const int Default = 4096;
        long megabytes = (long)(bytes * 1.1 / (1 << 20)) + 1;
        return megabytes <= Default
            ? []
            : [new("data.cache_megabytes", Text($"{megabytes}"), "what the prepared cases take, and a tenth")];
    }

    private double Voxels(double[] spacing, int axis) => extent[axis] / spacing[axis];

    /// <summary>The nearest number of slices that can be halved twice, or three times where there are so many.</summary>
    private static int Poolable(double slices) => ToMultiple(slices, slices < 12 ? 4 : 8);

    private static int ToMultiple(double size, int multiple) =>
        multiple * Math.Max(1, (int)Math.Round(size / multiple, MidpointRounding.AwayFromZero));

    /// <summary>How much longer voxels are, by their volumes.</summary>
    private static double Ratio(double[] spacing, double[] target) =>
        Math.Cbrt(spacing.Zip(target, (s, t) => s / t).Aggregate(1.0, (product, ratio) => product * ratio));

    private static double Mean(IEnumerable<double> values) => Math.Exp(values.Average(Math.Log));

    private static IEnumerable<double> Along(Func<int, double> of) => Enumerable.Range(0, 3).Select(of);

    private static double Digits(double value) =>
        double.Parse(value.ToString("G2", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
