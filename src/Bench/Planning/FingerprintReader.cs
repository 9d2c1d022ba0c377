using System.Runtime.ExceptionServices;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Bench.Planning;

/// <summary>Measures a <see cref="DatasetFingerprint"/>: every case is read once.</summary>
public static class FingerprintReader
{
    /// <summary>Foreground voxels of an image whose intensities are remembered, evenly spread.</summary>
    private const int MostIntensities = 50_000;

    /// <summary>Of images as a whole: what padding and air are.</summary>
    private const double LowPercentile = 0.5;

    private static readonly string[] Axes = ["LR", "AP", "SI"];

    /// <param name="dataset">Says modalities, channels and classes.</param>
    /// <param name="cases">Those to be trained on.</param>
    /// <param name="threads">Cases read at once.</param>
    /// <param name="stop">Ends the work.</param>
    /// <exception cref="InvalidDataException">A case is bad: the first one in order is named.</exception>
    public static DatasetFingerprint Measure(
        SegmentationDataset dataset,
        IReadOnlyList<DatasetCase> cases,
        int threads,
        CancellationToken stop = default
    )
    {
        var measured = new MeasuredCase[cases.Count];
        var failures = new ExceptionDispatchInfo?[cases.Count];
        Parallel.For(
            0,
            cases.Count,
            new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = stop },
            (i, loop) =>
            {
                try
                {
                    measured[i] = Measure(CaseReader.Read(cases[i], dataset.ClassNames), dataset.ClassNames.Count);
                }
                catch (InvalidDataException e)
                {
                    failures[i] = ExceptionDispatchInfo.Capture(e);
                    loop.Break();
                }
            }
        );
        failures.FirstOrDefault(failure => failure is not null)?.Throw();
        return new DatasetFingerprint(
            dataset.Name,
            dataset.ClassNames,
            dataset.Channels.Count,
            [
                .. dataset.Modalities.Select(modality =>
                    Of(modality.Name, [.. measured.Where(c => c.Modality == modality)], dataset.ClassNames)
                ),
            ],
            dataset.Channels.Count == 1
                ?
                [
                    .. dataset.Modalities.Select(m =>
                        Of(m.Name, [.. measured.Where(c => c.Modality == m).Select(c => c.Images[0])])
                    ),
                ]
                : [.. dataset.Channels.Select(c => Of(c.Name, [.. measured.Select(m => m.Images[c.Number])]))]
        );
    }

    private static MeasuredCase Measure(LoadedCase loaded, int classes)
    {
        Geometry geometry = loaded.Geometry;
        int[] axes = [.. Axes.Select(axis => geometry.AxisCodes.IndexOfAny([.. axis]))];
        var voxels = new long[classes];
        ReadOnlySpan<byte> labels = loaded.Labels is { } given ? given.Voxels : [];
        foreach (byte label in labels)
        {
            if (label != LabelValue.Ignored)
                voxels[label]++;
        }

        long foreground = voxels.AsSpan(1).ToArray().Sum(),
            step = Math.Max(1, (foreground + MostIntensities - 1) / MostIntensities);
        var images = new MeasuredImage[loaded.Images.Count];
        for (int number = 0; number < images.Length; number++)
        {
            float[] image = loaded.Images[number].Voxels;
            var intensities = new List<float>();
            long seen = 0;
            for (int i = 0; i < labels.Length; i++)
            {
                if (labels[i] is not (LabelValue.Background or LabelValue.Ignored) && seen++ % step == 0)
                    intensities.Add(image[i]);
            }

            images[number] = new MeasuredImage([.. intensities], new VoxelRanks(image).Percentiles(LowPercentile)[0]);
        }

        return new MeasuredCase(
            loaded.Modality,
            [.. axes.Select(axis => geometry.Spacing[axis])],
            [.. axes.Select(geometry.Size)],
            voxels,
            images
        );
    }

    private static ModalityFingerprint Of(string name, MeasuredCase[] cases, IReadOnlyList<string> classes) =>
        new(
            name,
            cases.Length,
            [.. Axes.Select((_, axis) => Percentile(cases.Select(c => c.Spacing[axis]), 50))],
            [.. Axes.Select((_, axis) => Percentile(cases.Select(c => c.Spacing[axis]), 10))],
            [.. Axes.Select((_, axis) => Percentile(cases.Select(c => (double)c.Size[axis]), 50))],
            [.. Axes.Select((_, axis) => Percentile(cases.Select(c => c.Size[axis] * c.Spacing[axis]), 50))],
            cases.Sum(c => c.VoxelVolume * c.Size.Aggregate(1.0, (product, side) => product * side)),
            [
                .. classes
                    .Index()
                    .Skip(1)
                    .Select(entry =>
                    {
                        double[] volumes =
                        [
                            .. cases
                                .Where(c => c.ClassVoxels[entry.Index] > 0)
                                .Select(c => c.ClassVoxels[entry.Index] * c.VoxelVolume / 1000),
                        ];
                        return new ClassFingerprint(entry.Item, volumes.Length, Percentile(volumes, 50));
                    }),
            ]
        );

    private static IntensityFingerprint Of(string name, MeasuredImage[] images)
    {
        float[] foreground = [.. images.SelectMany(image => image.Foreground)];
        double imageLow = Percentile(images.Select(image => image.Low), 50);
        if (foreground.Length == 0)
            return new IntensityFingerprint(name, 0, 0, 0, 0, 0, imageLow);
        double[] percentiles = new VoxelRanks(foreground).Percentiles(0.5, 50, 99.5);
        var moments = VoxelMoments.Of(foreground, float.MinValue, float.MaxValue, double.NegativeInfinity);
        return new IntensityFingerprint(
            name,
            moments.Mean,
            moments.Deviation,
            percentiles[0],
            percentiles[1],
            percentiles[2],
            imageLow
        );
    }

    /// <summary>Linear between the two values that it lies between; 0 of none.</summary>
    private static double Percentile(IEnumerable<double> values, double percent)
    {
        double[] sorted = [.. values.Order()];
        if (sorted.Length == 0)
            return 0;
        double position = percent / 100 * (sorted.Length - 1);
        (double before, double after) = (sorted[(int)position], sorted[(int)Math.Ceiling(position)]);
        return before + ((after - before) * (position - Math.Floor(position)));
    }

    /// <param name="Modality">Of the case.</param>
    /// <param name="Spacing">mm along <see cref="Axes"/>.</param>
    /// <param name="Size">Voxels along them.</param>
    /// <param name="ClassVoxels">By class.</param>
    /// <param name="Images">One for each channel.</param>
    private sealed record MeasuredCase(
        Modality Modality,
        double[] Spacing,
        int[] Size,
        long[] ClassVoxels,
        MeasuredImage[] Images
    )
    {
        public double VoxelVolume => Spacing[0] * Spacing[1] * Spacing[2];
    }

    private sealed record MeasuredImage(float[] Foreground, double Low);
}
