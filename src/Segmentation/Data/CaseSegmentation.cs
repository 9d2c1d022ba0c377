using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Collects the predictions of network slices, from the first to the last, and returns them on the volume's own grid. Scores are
/// interpolated before the highest is
/// taken, which gives smoother borders than interpolating labels; only two network slices are held at a time.
/// </summary>
public sealed class CaseSegmentation
{
    private readonly CaseGrid grid;
    private readonly SliceResampling toCanonical;
    private readonly AxisSampling slices;
    private readonly Volume<byte> labels;
    private readonly Volume<byte>[] probabilities;
    private float[] previous = [],
        interpolated = [],
        resampled = [];
    private int expected,
        canonicalSlice;

    internal CaseSegmentation(
        CaseGrid grid,
        Geometry canonical,
        SliceResampling toCanonical,
        AxisSampling slices,
        int probabilityClasses
    )
    {
        (this.grid, this.toCanonical, this.slices) = (grid, toCanonical, slices);
        labels = new Volume<byte>(canonical);
        probabilities = [.. Enumerable.Range(0, probabilityClasses).Select(_ => new Volume<byte>(canonical))];
    }

    /// <summary>
    /// Whether every voxel of the volume is one of the network's grid: then the highest of a slice's scores is its label, and
    /// <see cref="AddLabels"/> gives what <see cref="AddScores"/> does.
    /// </summary>
    internal bool HasNetworkGrid => toCanonical.IsExact && slices.IsExact;

    /// <summary>Adds the next slice.</summary>
    /// <param name="slice">Its number: every slice is added once, in order.</param>
    /// <param name="scores">Logits, (height, width, classes) at network size.</param>
    /// <param name="classCount">Classes.</param>
    public void AddScores(int slice, ReadOnlyMemory<float> scores, int classCount)
    {
        Expect(slice, scores.Length, grid.Height * grid.Width * classCount);
        for (; canonicalSlice < slices.Count && LastNeeded(canonicalSlice) <= slice; canonicalSlice++)
        {
            bool isBetween = slices.Before[canonicalSlice] < slice;
            Take(isBetween ? Blend(previous, scores.Span, slices.Fraction[canonicalSlice]) : scores, classCount);
        }

        if (slice + 1 < grid.SliceCount)
        {
            Resize(ref previous, scores.Length);
            scores.CopyTo(previous);
        }
    }

    /// <summary>Adds the next slice's class map, (height, width) at network size, by nearest neighbour.</summary>
    /// <param name="slice">Its number: every slice is added once, in order.</param>
    /// <param name="classMap">Classes.</param>
    public void AddLabels(int slice, ReadOnlySpan<byte> classMap)
    {
        Expect(slice, classMap.Length, grid.Height * grid.Width);
        for (int i = 0; i < slices.Count; i++)
        {
            if (slices.Nearest(i) == slice)
                toCanonical.TakeNearest(classMap, labels.Slice(i));
        }
    }

    /// <summary>The segmentation on the volume's own grid and in its orientation. It may share memory with this object.</summary>
    /// <exception cref="InvalidOperationException">A slice is missing.</exception>
    public Volume<byte> ToOriginal() =>
        expected == grid.SliceCount
            ? Restore(labels)
            : throw new InvalidOperationException($"{expected} of {grid.SliceCount} slices were predicted");

    /// <summary>The probability of each class on the volume's own grid, in 255ths; none if they were not asked for.</summary>
    public IReadOnlyList<Volume<byte>> ProbabilitiesToOriginal() => [.. probabilities.Select(Restore)];

    private Volume<byte> Restore(Volume<byte> canonical) =>
        new(grid.Original, Orientation.Reorient(canonical, grid.Original.AxisCodes).Voxels);

    private int LastNeeded(int canonical) => slices.Fraction[canonical] == 0 ? slices.Before[canonical] : slices.After[canonical];

    private float[] Blend(ReadOnlySpan<float> before, ReadOnlySpan<float> after, float fraction)
    {
        Resize(ref interpolated, after.Length);
        for (int i = 0; i < after.Length; i++)
            interpolated[i] = before[i] + (fraction * (after[i] - before[i]));
        return interpolated;
    }

    private void Take(ReadOnlyMemory<float> scores, int classCount)
    {
        int slice = canonicalSlice,
            width = labels.Geometry.X;
        Resize(ref resampled, width * labels.Geometry.Y * classCount);
        toCanonical.InterpolateScores(scores, classCount, resampled);
        Parallel.For(
            0,
            labels.Geometry.Y,
            row =>
            {
                int first = row * width;
                Span<byte> target = labels.Slice(slice).Slice(first, width);
                for (int i = 0; i < width; i++)
                {
                    ReadOnlySpan<float> voxel = resampled.AsSpan((first + i) * classCount, classCount);
                    target[i] = (byte)Highest(voxel);
                    if (probabilities.Length > 0)
                        StoreProbabilities(voxel, slice, first + i);
                }
            }
        );
    }

    private void StoreProbabilities(ReadOnlySpan<float> logits, int slice, int voxel)
    {
        float greatest = logits[Highest(logits)],
            sum = 0;
        foreach (float logit in logits)
            sum += MathF.Exp(logit - greatest);
        for (int label = 0; label < probabilities.Length; label++)
            probabilities[label].Slice(slice)[voxel] = (byte)
                MathF.Round(byte.MaxValue * MathF.Exp(logits[label] - greatest) / sum);
    }

    /// <summary>The class with the greatest score; the lowest on ties.</summary>
    internal static int Highest(ReadOnlySpan<float> scores)
    {
        int highest = 0;
        for (int label = 1; label < scores.Length; label++)
        {
            if (scores[label] > scores[highest])
                highest = label;
        }

        return highest;
    }

    private void Expect(int slice, int found, int wanted)
    {
        if (found != wanted)
            throw new ArgumentException($"{found} values given for a slice of {grid.Height}x{grid.Width}, expected {wanted}");
        if (slice != expected)
            throw new ArgumentException($"slice {slice} given, expected slice {expected}");
        expected++;
    }

    private static void Resize(ref float[] buffer, int length)
    {
        if (buffer.Length != length)
            buffer = new float[length];
    }
}
