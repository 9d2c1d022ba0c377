using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Writes a copy of a dataset whose volumes have one orientation and one spacing: images interpolated linearly, labels by nearest
/// neighbour. Training on it gives what
/// training with that data.spacing gives, without resampling at every start, but for what whole numbers round. dataset.json comes
/// last: without it, the folder is no dataset.
/// </summary>
public static class DatasetPreprocessing
{
    /// <summary>The median of the cases' spacings along each axis of the network's frame, mm.</summary>
    public static Vector3d MedianSpacing(IEnumerable<DatasetCase> cases)
    {
        Vector3d[] spacings = [.. cases.Select(c => CanonicalSpacing(NiftiFile.Open(c.ImagePaths[0]).Geometry))];
        if (spacings.Length == 0)
            throw new InvalidDataException("there is no training case to take a spacing from; give one");
        double Median(int axis) => spacings.Select(s => s[axis]).Order().ElementAt(spacings.Length / 2);
        return new Vector3d(Median(0), Median(1), Median(2));
    }

    /// <summary>
    /// Writes the copy; goes on with what is missing where the folder has a copy of the same volumes that was begun with the same
    /// spacing.
    /// </summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="folder">Absent, empty, or begun before.</param>
    /// <param name="spacing">mm along left-right, front-back and feet-head.</param>
    /// <param name="threads">Cases at a time.</param>
    /// <param name="progress">Is told the cases done and the cases in all.</param>
    /// <param name="stop">Ends the work between cases.</param>
    /// <param name="wholeNumbers">
    /// Whether images of whole numbers stay so: rounded, as int16, a third of the size. Images with fractions and beyond int16
    /// are float32 as ever.
    /// </param>
    /// <exception cref="InvalidDataException">The folder holds something else, or a copy of other volumes, or a case is
    /// bad.</exception>
    /// <exception cref="IOException">Another process writes the copy.</exception>
    public static void Run(
        SegmentationDataset dataset,
        string folder,
        Vector3d spacing,
        int threads,
        Action<int, int> progress,
        CancellationToken stop = default,
        bool wholeNumbers = false
    )
    {
        DatasetCase[] cases = [.. dataset.Cases.Concat(dataset.TestCases)];
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = stop };
        PreprocessingRecord? begun = Find(folder, [spacing.X, spacing.Y, spacing.Z], wholeNumbers);
        Directory.CreateDirectory(folder);
        using FolderLock held = FolderLock.Take(folder);
        if (begun is not null)
            RequireSources(begun, folder, cases, dataset, options);

        PreprocessingRecord record =
            begun
            ?? new PreprocessingRecord(
                [spacing.X, spacing.Y, spacing.Z],
                CaseGrid.CanonicalAxes,
                new Dictionary<string, OriginalGrid>()
            )
            {
                WholeNumbers = wholeNumbers,
            };
        record.Write(folder);
        int done = 0;
        Parallel.For(
            0,
            cases.Length,
            options,
            i =>
            {
                DatasetCase source = cases[i];
                if (begun?.Sources.ContainsKey(source.Id) != true || !IsWritten(source, folder))
                {
                    LoadedCase loaded = CaseReader.Read(source, dataset.ClassNames);
                    Write(loaded, source, folder, spacing, wholeNumbers);
                    lock (cases)
                    {
                        record = record.With(source.Id, OriginalGrid.Of(loaded.Geometry), loaded.Fingerprint);
                        record.Write(folder);
                    }
                }

                progress(Interlocked.Increment(ref done), cases.Length);
            }
        );

        foreach (string file in new[] { SplitFile.FileName, DatasetManifest.FileName })
        {
            string source = Path.Combine(dataset.Folder, file);
            if (File.Exists(source))
                AtomicFile.Write(Path.Combine(folder, file), stream => stream.Write(File.ReadAllBytes(source)));
        }
    }

    /// <summary>The record of a copy that was begun; null where the folder is new.</summary>
    private static PreprocessingRecord? Find(string folder, double[] spacing, bool wholeNumbers)
    {
        if (File.Exists(folder))
            throw new InvalidDataException($"'{folder}': is a file, expected a folder for the dataset");
        if (
            !Directory.Exists(folder)
            || Directory.EnumerateFileSystemEntries(folder).All(entry => Path.GetFileName(entry) == FolderLock.FileName)
        )
            return null;
        if (PreprocessingRecord.Find(folder) is not { } begun)
            throw new InvalidDataException($"'{folder}': exists and is not empty; choose another folder");
        if (begun.WholeNumbers != wholeNumbers)
            throw new InvalidDataException(
                $"'{folder}': was begun {(begun.WholeNumbers ? "with" : "without")} whole numbers; choose another folder or do so "
                    + "again"
            );
        return begun.Spacing.SequenceEqual(spacing)
            ? begun
            : throw new InvalidDataException(
                $"'{folder}': was begun with the spacing {string.Join(" x ", begun.Spacing)} mm; choose another folder or "
                    + "that spacing"
            );
    }

    /// <summary>
    /// What is in the copy already must have come from the same volumes; nothing is written before that is known.
    /// </summary>
    private static void RequireSources(
        PreprocessingRecord begun,
        string folder,
        DatasetCase[] cases,
        SegmentationDataset dataset,
        ParallelOptions options
    )
    {
        if (begun.Sources.Keys.Except(cases.Select(c => c.Id)).Order(StringComparer.Ordinal).FirstOrDefault() is { } gone)
            throw new InvalidDataException(
                $"'{folder}': holds the case '{gone}', which '{dataset.Folder}' has not: it is a copy of another dataset; "
                    + "choose another folder"
            );
        DatasetCase[] known = [.. cases.Where(c => begun.Sources.ContainsKey(c.Id))];
        string?[] differences = new string?[known.Length];
        Parallel.For(
            0,
            known.Length,
            options,
            i =>
                differences[i] = begun
                    .Sources[known[i].Id]
                    .DifferenceTo(CaseReader.Read(known[i], dataset.ClassNames).Fingerprint)
        );
        int changed = Array.FindIndex(differences, difference => difference is not null);
        if (changed >= 0)
            throw new InvalidDataException(
                $"'{folder}': is a copy of other volumes than '{dataset.Folder}' has: case '{known[changed].Id}' "
                    + $"{differences[changed]}; choose another folder"
            );
    }

    private static bool IsWritten(DatasetCase source, string folder) =>
        source.ImagePaths.All(path => File.Exists(Target(path, folder)))
        && (source.LabelPath is null || File.Exists(Target(source.LabelPath, folder)));

    private static void Write(LoadedCase loaded, DatasetCase source, string folder, Vector3d spacing, bool wholeNumbers)
    {
        Volume<float>[] images = [.. loaded.Images.Select(image => Orientation.Reorient(image, CaseGrid.CanonicalAxes))];
        GridLimits.RequireResampling($"case '{source.Id}'", images[0].Geometry, spacing);
        Geometry target = Resampling.Respace(images[0].Geometry, spacing);
        if (loaded.Labels is not null)
        {
            Volume<byte> labels = Resampling.Nearest(Orientation.Reorient(loaded.Labels, CaseGrid.CanonicalAxes), target);
            if (source.IgnoredLabel is { } ignored)
                labels.Voxels.AsSpan().Replace(LabelValue.Ignored, (byte)ignored);
            NiftiWriter.Write(Target(source.LabelPath!, folder), labels);
        }

        foreach ((Volume<float> image, string path) in images.Zip(source.ImagePaths))
        {
            Volume<float> resampled = Resampling.Linear(image, target);
            if (wholeNumbers && HasWholeNumbers(image))
                NiftiWriter.Write(Target(path, folder), Rounded(resampled));
            else
                NiftiWriter.Write(Target(path, folder), resampled);
        }
    }

    private static bool HasWholeNumbers(Volume<float> image) =>
        image.Voxels.All(value => value == MathF.Round(value) && value is >= short.MinValue and <= short.MaxValue);

    private static Volume<short> Rounded(Volume<float> image) =>
        new(image.Geometry, Array.ConvertAll(image.Voxels, value => (short)MathF.Round(value)));

    /// <summary>The same file below the new folder.</summary>
    private static string Target(string path, string folder)
    {
        string part = Path.Combine(folder, Path.GetFileName(Path.GetDirectoryName(Path.GetFullPath(path)))!);
        Directory.CreateDirectory(part);
        return Path.Combine(part, Path.GetFileName(path));
    }

    private static Vector3d CanonicalSpacing(Geometry geometry)
    {
        double Along(string codes) => geometry.Spacing[geometry.AxisCodes.IndexOfAny([.. codes])];
        return new Vector3d(Along("LR"), Along("AP"), Along("SI"));
    }
}
