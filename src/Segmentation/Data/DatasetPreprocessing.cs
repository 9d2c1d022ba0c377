using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Writes a copy of a dataset whose volumes have one orientation and one spacing: images interpolated linearly, labels by nearest neighbour. Training on it gives what
/// training with that data.spacing gives, without resampling at every start. dataset.json comes last: without it, the folder is no dataset.
/// </summary>
public static class DatasetPreprocessing
{
    /// <summary>The median of the cases' spacings along each axis of the network's frame, mm.</summary>
    public static Vector3d MedianSpacing(IEnumerable<DatasetCase> cases)
    {
        Vector3d[] spacings = [.. cases.Select(c => CanonicalSpacing(NiftiFile.Open(c.ImagePath).Geometry))];
        if (spacings.Length == 0)
            throw new InvalidDataException("there is no training case to take a spacing from; give one");
        double Median(int axis) => spacings.Select(s => s[axis]).Order().ElementAt(spacings.Length / 2);
        return new Vector3d(Median(0), Median(1), Median(2));
    }

    /// <summary>Writes the copy; goes on with what is missing where the folder has a copy that was begun with the same spacing.</summary>
    /// <param name="dataset">The dataset.</param>
    /// <param name="folder">Absent, empty, or begun before.</param>
    /// <param name="spacing">mm along left-right, front-back and feet-head.</param>
    /// <param name="threads">Cases at a time.</param>
    /// <param name="progress">Is told the cases done and the cases in all.</param>
    /// <param name="stop">Ends the work between cases.</param>
    /// <exception cref="InvalidDataException">The folder holds something else, or a case is bad.</exception>
    public static void Run(SegmentationDataset dataset, string folder, Vector3d spacing, int threads, Action<int, int> progress, CancellationToken stop = default)
    {
        double[] sides = [spacing.X, spacing.Y, spacing.Z];
        Begin(folder, sides);
        DatasetCase[] cases = [.. dataset.Cases.Concat(dataset.TestCases)];
        var grids = new OriginalGrid[cases.Length];
        int done = 0;
        Parallel.For(0, cases.Length, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = stop }, i =>
        {
            grids[i] = Write(cases[i], dataset, folder, spacing);
            progress(Interlocked.Increment(ref done), cases.Length);
        });

        new PreprocessingRecord(sides, CaseGrid.CanonicalAxes, cases.Zip(grids).ToDictionary(pair => pair.First.Id, pair => pair.Second)).Write(folder);
        foreach (string file in new[] { SplitFile.FileName, DatasetManifest.FileName })
        {
            string source = Path.Combine(dataset.Folder, file);
            if (File.Exists(source))
                File.Copy(source, Path.Combine(folder, file), overwrite: true);
        }
    }

    private static void Begin(string folder, double[] spacing)
    {
        if (File.Exists(folder))
            throw new InvalidDataException($"'{folder}': is a file, expected a folder for the dataset");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            if (PreprocessingRecord.Find(folder) is not { } begun)
                throw new InvalidDataException($"'{folder}': exists and is not empty; choose another folder");
            if (!begun.Spacing.SequenceEqual(spacing))
                throw new InvalidDataException($"'{folder}': was begun with the spacing {string.Join(" x ", begun.Spacing)} mm; choose another folder or that spacing");
            return;
        }

        Directory.CreateDirectory(folder);
        new PreprocessingRecord(spacing, CaseGrid.CanonicalAxes, new Dictionary<string, OriginalGrid>()).Write(folder);
    }

    private static OriginalGrid Write(DatasetCase source, SegmentationDataset dataset, string folder, Vector3d spacing)
    {
        string image = Target(source.ImagePath, folder), label = source.LabelPath is null ? "" : Target(source.LabelPath, folder);
        if (File.Exists(image) && (source.LabelPath is null || File.Exists(label)))
            return OriginalGrid.Of(NiftiFile.Open(source.ImagePath).Geometry);
        LoadedCase loaded = CaseReader.Read(source, dataset.ClassNames);
        Volume<float> canonical = Orientation.Reorient(loaded.Image, CaseGrid.CanonicalAxes);
        Geometry target = Resampling.Respace(canonical.Geometry, spacing);
        if (loaded.Labels is not null)
        {
            Volume<byte> labels = Resampling.Nearest(Orientation.Reorient(loaded.Labels, CaseGrid.CanonicalAxes), target);
            if (source.IgnoredLabel is { } ignored)
                labels.Voxels.AsSpan().Replace(LabelValue.Ignored, (byte)ignored);
            NiftiWriter.Write(label, labels);
        }

        NiftiWriter.Write(image, Resampling.Linear(canonical, target));
        return OriginalGrid.Of(loaded.Image.Geometry);
    }

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
