namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>Logits averaged with those of the images mirrored left and right, mirrored back.</summary>
internal static class MirroredEvaluation
{
    /// <summary>(depth, height, width, classes) of each sample, in order; valid until the next one is asked for.</summary>
    /// <remarks>The mirror image of a sample is the next sample.</remarks>
    public static IEnumerable<(TSample Sample, ReadOnlyMemory<float> Result)> MirroredLogits<TSample>(
        this NetworkEvaluator network,
        IEnumerable<TSample> samples,
        Action<TSample, Span<float>> read,
        PassKind kind,
        CancellationToken stop
    )
    {
        (int width, int channels) = (kind.Images[3], kind.Images[4]);
        var mean = new float[kind.Positions * network.Classes];
        var both = samples.SelectMany(sample =>
            new[] { (Sample: sample, IsMirrored: false), (Sample: sample, IsMirrored: true) }
        );
        foreach (
            ((TSample sample, bool isMirrored), ReadOnlyMemory<float> logits) in network.Logits(both, ReadEither, kind, stop)
        )
        {
            if (isMirrored)
            {
                AddMirrored(mean, logits, width, network.Classes);
                yield return (sample, mean);
            }
            else
            {
                logits.CopyTo(mean);
            }
        }

        void ReadEither((TSample Sample, bool IsMirrored) which, Span<float> image)
        {
            read(which.Sample, image);
            if (which.IsMirrored)
                Mirror(image, width, channels);
        }
    }

    /// <summary>Columns in reverse order.</summary>
    private static void Mirror(Span<float> image, int width, int channels)
    {
        for (int row = 0; row < image.Length; row += width * channels)
        {
            Span<float> pixels = image.Slice(row, width * channels);
            pixels.Reverse();
            for (int column = 0; column < width; column++)
                pixels.Slice(column * channels, channels).Reverse();
        }
    }

    private static void AddMirrored(float[] mean, ReadOnlyMemory<float> mirrored, int width, int classes) =>
        Parallel.For(
            0,
            mean.Length / (width * classes),
            row =>
            {
                Span<float> own = mean.AsSpan(row * width * classes, width * classes);
                ReadOnlySpan<float> other = mirrored.Span.Slice(row * width * classes, width * classes);
                for (int column = 0; column < width; column++)
                {
                    for (int label = 0; label < classes; label++)
                    {
                        int at = (column * classes) + label;
                        own[at] = 0.5f * (own[at] + other[((width - 1 - column) * classes) + label]);
                    }
                }
            }
        );
}
