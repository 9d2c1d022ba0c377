using UnpairedSegEngine.Random;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Draws blocks of slices from prepared cases, varied in space: a share of them is centred on a voxel of an organ, the others lie
/// anywhere in the volume. Dou et al.
/// 2020, arXiv:2001.03111, take half and half.
/// </summary>
public sealed class BlockSource : IVolumeSamples
{
    /// <summary>Voxels remembered per case and class, evenly spread: enough for centres to differ.</summary>
    private const int MostCentres = 4096;

    private readonly float foregroundFraction;
    private readonly AugmentationSettings augmentation;
    private readonly PreparedCase[][] casesOfModality;
    private readonly (PreparedCase Case, int[] Voxels)[][][] centresOfModality;

    /// <summary>Indexes the organs of some cases.</summary>
    /// <param name="cases">Cases with reference segmentations, on grids no smaller than a block.</param>
    /// <param name="modalities">The dataset's modalities.</param>
    /// <param name="shape">Size of a block, one channel.</param>
    /// <param name="augmentation">How blocks are varied in space.</param>
    /// <param name="foregroundFraction">The share of blocks centred on an organ, 0..1; the organ is drawn first, so that small
    /// ones are seen as often as large ones.</param>
    /// <exception cref="ArgumentException">The share is not within 0..1, a case has no reference segmentation or a modality no
    /// case.</exception>
    public BlockSource(
        IReadOnlyList<PreparedCase> cases,
        IReadOnlyList<Modality> modalities,
        SampleShape shape,
        AugmentationSettings augmentation,
        float foregroundFraction = 0.5f
    )
    {
        if (foregroundFraction is not (>= 0 and <= 1))
            throw new ArgumentException(
                FormattableString.Invariant($"the foreground fraction is {foregroundFraction}, expected 0 to 1")
            );
        augmentation.Validate();
        if (cases.FirstOrDefault(c => c.ClassHistograms.Count == 0) is { } unlabelled)
            throw new ArgumentException($"case '{unlabelled.Id}' has no reference segmentation to train on");
        (Shape, Modalities, this.augmentation, this.foregroundFraction) = (shape, modalities, augmentation, foregroundFraction);
        casesOfModality = [.. modalities.Select(m => cases.Where(c => c.Modality == m).ToArray())];
        if (modalities.FirstOrDefault(m => casesOfModality[m.Index].Length == 0) is { Name: not null } empty)
            throw new ArgumentException($"modality {empty.Name} has no case to draw from");
        centresOfModality = [.. casesOfModality.Select(Centres)];
    }

    /// <inheritdoc/>
    public IReadOnlyList<Modality> Modalities { get; }

    /// <inheritdoc/>
    public SampleShape Shape { get; }

    /// <inheritdoc/>
    public SampleOrigin Draw(Modality modality, ref PhiloxStream stream, Span<float> image, Span<byte> labels)
    {
        (PreparedCase drawn, (int Slice, int Row, int Column) first) = Choose(modality, ref stream);
        var transform = new VolumeTransform(augmentation, Shape, drawn.Grid.Spacing, first, ref stream);
        for (int slice = 0, i = 0; slice < Shape.Depth; slice++)
        {
            for (int row = 0; row < Shape.Height; row++)
            {
                for (int column = 0; column < Shape.Width; column++, i++)
                {
                    (float z, float y, float x) = transform.SourceOf(slice, row, column);
                    image[i] = drawn.Interpolate(z, y, x);
                    labels[i] = drawn.NearestLabel(z, y, x);
                }
            }
        }

        return VolumeSample.Block(drawn.Id, first.Slice, first.Row, first.Column);
    }

    /// <summary>Which block a stream leads to: the case and the voxel that the block begins at.</summary>
    internal (PreparedCase Case, (int Slice, int Row, int Column) First) Choose(Modality modality, ref PhiloxStream stream)
    {
        (PreparedCase, int[])[][] centres = centresOfModality[modality.Index];
        if (stream.NextUniform() < foregroundFraction && centres.Length > 0)
        {
            (PreparedCase, int[])[] ofClass = centres[stream.NextIndex(centres.Length)];
            (PreparedCase drawn, int[] voxels) = ofClass[stream.NextIndex(ofClass.Length)];
            int voxel = voxels[stream.NextIndex(voxels.Length)],
                height = drawn.Grid.Height,
                width = drawn.Grid.Width;
            return (
                drawn,
                (
                    Around(voxel / (height * width), drawn.SliceCount, Shape.Depth),
                    Around(voxel / width % height, height, Shape.Height),
                    Around(voxel % width, width, Shape.Width)
                )
            );
        }

        PreparedCase[] cases = casesOfModality[modality.Index];
        PreparedCase any = cases[stream.NextIndex(cases.Length)];
        return (
            any,
            (
                stream.NextIndex(any.SliceCount - Shape.Depth + 1),
                stream.NextIndex(any.Grid.Height - Shape.Height + 1),
                stream.NextIndex(any.Grid.Width - Shape.Width + 1)
            )
        );
    }

    private static int Around(int centre, int extent, int size) => Math.Clamp(centre - (size / 2), 0, extent - size);

    /// <summary>By class that the modality shows at all, then case.</summary>
    private static (PreparedCase Case, int[] Voxels)[][] Centres(PreparedCase[] cases)
    {
        int classCount = cases[0].ClassHistograms[0].Count;
        return
        [
            .. Enumerable
                .Range(1, Math.Max(0, classCount - 1))
                .Select(label =>
                    cases.Select(c => (Case: c, Voxels: VoxelsOf(c, label))).Where(c => c.Voxels.Length > 0).ToArray()
                )
                .Where(ofClass => ofClass.Length > 0),
        ];
    }

    private static int[] VoxelsOf(PreparedCase source, int label)
    {
        long total = source.ClassHistograms.Sum(slice => (long)slice[label]),
            step = Math.Max(1, (total + MostCentres - 1) / MostCentres),
            seen = 0;
        var voxels = new List<int>();
        for (int slice = 0, pixels = source.Grid.Height * source.Grid.Width; slice < source.SliceCount; slice++)
        {
            if (source.ClassHistograms[slice][label] == 0)
                continue;
            ReadOnlySpan<byte> classes = source.LabelsOf(slice);
            for (int pixel = 0; pixel < pixels; pixel++)
            {
                if (classes[pixel] == label && seen++ % step == 0)
                    voxels.Add((slice * pixels) + pixel);
            }
        }

        return [.. voxels];
    }
}
