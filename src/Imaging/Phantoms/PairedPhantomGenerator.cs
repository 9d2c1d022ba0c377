using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Phantoms;

/// <summary>
/// Makes paired scans: one head, seen by four MR sequences. Three show its lesion clearly; in the first it is hardly brighter
/// than the white matter around it. The same arguments give the same bits. Subjects may be made in parallel.
/// </summary>
public static class PairedPhantomGenerator
{
    /// <summary>Half a noise deviation: no voxel tells, a region of them does.</summary>
    public const double DefaultContrast = 0.5;

    private const double LargestContrast = 20;

    /// <summary>Names of the labels 1, 2, ...</summary>
    public static IReadOnlyList<string> LabelNames => BrainTemplate.LabelNames;

    /// <summary>Makes one subject's scans.</summary>
    /// <param name="subject">Its number, from 0.</param>
    /// <param name="seed">Another seed, other subjects.</param>
    /// <param name="size">Voxels along x and y; the field of view stays the same.</param>
    /// <param name="slices">Voxels along z.</param>
    /// <param name="contrast">How much brighter than white matter the lesion is in T1, in noise deviations of a usual scan;
    /// 0 for not at all.</param>
    /// <returns>Volumes in LAS orientation.</returns>
    /// <exception cref="UsageException">A size or contrast that is not possible.</exception>
    public static PairedPhantom Create(int subject, ulong seed, int size, int slices, double contrast = DefaultContrast)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(subject);
        PhantomGenerator.RequireSize(size, slices);
        RequireContrast(contrast);
        CounterRandom random = CounterRandom.FromSeed(seed)["paired"][subject];
        var images = new List<Volume<short>>();
        Volume<byte>? labels = null;
        foreach (MrSequence sequence in Enum.GetValues<MrSequence>())
        {
            AnatomyTemplate template = BrainTemplate.Create(sequence, contrast, random);
            // The same random numbers every time, so the same body.
            labels = new Volume<byte>(PhantomGenerator.Grid(template.FieldOfView, size, slices));
            Volume<float> signal = PhantomGenerator.Paint(template, PhantomModality.MR, random["body"], labels);
            images.Add(Scanner.Acquire(signal, PhantomModality.MR, random["scan"][sequence.ToString()]));
        }

        return new PairedPhantom(images, labels!);
    }

    internal static void RequireContrast(double contrast)
    {
        if (!(Math.Abs(contrast) <= LargestContrast))
            throw new UsageException(
                FormattableString.Invariant(
                    $"a contrast of {contrast} is not possible: use {-LargestContrast} to {LargestContrast} noise deviations"
                )
            );
    }
}
