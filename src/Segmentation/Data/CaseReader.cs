using System.Globalization;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Nifti;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Reads the volumes of a case and refuses those that would silently spoil training or evaluation.</summary>
public static class CaseReader
{
    private const double ToleranceMillimetres = 1e-3;
    private const double DirectionTolerance = 1e-4;

    /// <summary>Reads the images of all channels and, where there is one, the reference segmentation.</summary>
    /// <exception cref="InvalidDataException">A file is damaged, grids differ, a voxel is not finite or a label is no
    /// class.</exception>
    public static LoadedCase Read(DatasetCase source, IReadOnlyList<string> classNames) =>
        Read(source, classNames, Problems.Thrown)!;

    /// <summary>The same; of a case's problems it may collect all.</summary>
    /// <returns>Null where no image can be read.</returns>
    internal static LoadedCase? Read(DatasetCase source, IReadOnlyList<string> classNames, Problems problems)
    {
        LoadedCase images = ReadImages(source.Id, source.ImagePaths, source.Modality, problems) with
        {
            ChannelNames = [.. source.Images.Select(image => image.Channel.Name)],
        };
        return images.Images.Count == 0 ? null
            : source.LabelPath is null ? images
            : problems.Try(() => WithLabels(images, source, classNames, problems), images);
    }

    private static LoadedCase WithLabels(
        LoadedCase images,
        DatasetCase source,
        IReadOnlyList<string> classNames,
        Problems problems
    )
    {
        NiftiImage file = NiftiFile.Open(source.LabelPath!);
        Volume<byte> labels = file.ToLabelVolume();
        RequireOneGrid(
            problems,
            $"case '{source.Id}': label '{source.LabelPath}'",
            labels.Geometry,
            ("its image", images.Geometry),
            "copy the image's geometry into the label if they do belong together"
        );
        CheckClasses(source, labels, classNames.Count, problems);
        if (source.IgnoredLabel is { } ignored)
            labels.Voxels.AsSpan().Replace((byte)ignored, LabelValue.Ignored);
        return images with { Labels = labels, Notes = [.. images.Notes, .. file.Notes] };
    }

    /// <summary>Reads a volume that belongs to no dataset, to predict it; its file name becomes its case name.</summary>
    /// <exception cref="InvalidDataException">The file is damaged or a voxel is not finite.</exception>
    public static LoadedCase ReadUnlabelled(string path, Modality modality) =>
        ReadUnlabelled(Path.GetFileName(NiftiPaths.Stem(path)), [path], modality);

    /// <summary>Reads the images of all channels of a case.</summary>
    /// <exception cref="InvalidDataException">A file is damaged, grids differ or a voxel is not finite.</exception>
    public static LoadedCase ReadUnlabelled(string id, IReadOnlyList<string> paths, Modality modality) =>
        ReadImages(id, paths, modality, Problems.Thrown);

    /// <remarks>Where problems are collected, an image that cannot be read is left out.</remarks>
    private static LoadedCase ReadImages(string id, IReadOnlyList<string> paths, Modality modality, Problems problems)
    {
        var images = new List<Volume<float>>();
        var notes = new List<string>();
        foreach (string path in paths)
        {
            (Volume<float>? image, IReadOnlyList<string> ofFile) = problems.Try(() => ReadImage(id, path, problems), (null!, []));
            if (image is null)
                continue;
            images.Add(image);
            RequireOneGrid(problems, $"case '{id}': image '{path}'", image.Geometry, ($"image '{paths[0]}'", images[0].Geometry));
            notes.AddRange(paths.Count == 1 ? ofFile : ofFile.Select(note => $"'{Path.GetFileName(path)}': {note}"));
        }

        return new LoadedCase(id, modality, images, null) { Notes = notes };
    }

    private static (Volume<float> Image, IReadOnlyList<string> Notes) ReadImage(string id, string path, Problems problems)
    {
        NiftiImage file = NiftiFile.Open(path);
        Volume<float> image = file.ToFloatVolume();
        int bad = image.Voxels.Count(v => !float.IsFinite(v));
        if (bad > 0)
        {
            int first = Array.FindIndex(image.Voxels, v => !float.IsFinite(v)),
                plane = image.Geometry.X * image.Geometry.Y;
            problems.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"case '{id}': image '{path}' has {bad} voxels that are NaN or infinite, the first at "
                        + $"({first % image.Geometry.X}, {first % plane / image.Geometry.X}, {first / plane}): replace them or "
                        + $"leave the case out"
                )
            );
        }
        return (image, file.Notes);
    }

    /// <param name="problems">What becomes of a difference.</param>
    /// <param name="what">The volume, in words.</param>
    /// <param name="grid">Its grid.</param>
    /// <param name="reference">The volume that it must lie upon, in words, and its grid.</param>
    /// <param name="remedy">What to do where it lies elsewhere.</param>
    private static void RequireOneGrid(
        Problems problems,
        string what,
        Geometry grid,
        (string Name, Geometry Grid) reference,
        string remedy = "resample the channels of a case to one grid"
    )
    {
        if (!grid.SameShape(reference.Grid))
            problems.Add($"{what} has shape {grid.ShapeText()}, expected {reference.Name}'s {reference.Grid.ShapeText()}");
        else if (!grid.Matches(reference.Grid, out string difference, ToleranceMillimetres, DirectionTolerance))
            problems.Add(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{what} lies elsewhere than {reference.Name}: {difference} "
                        + $"(tolerance {ToleranceMillimetres} mm, directions {DirectionTolerance}): {remedy}"
                )
            );
    }

    private static void CheckClasses(DatasetCase source, Volume<byte> labels, int classCount, Problems problems)
    {
        if (classCount == 0)
            return; // The classes themselves are a problem that was written down.
        var counts = new int[byte.MaxValue + 1];
        foreach (byte label in labels.Voxels)
            counts[label]++;
        string[] unknown =
        [
            .. Enumerable
                .Range(classCount, counts.Length - classCount)
                .Where(value => counts[value] > 0 && value != source.IgnoredLabel)
                .Select(value => $"{value} ({counts[value]} voxels)"),
        ];
        if (unknown.Length > 0)
        {
            problems.Add(
                $"case '{source.Id}': label '{source.LabelPath}' has values that are no class: "
                    + $"{string.Join(", ", unknown)}, expected 0 to {classCount - 1} as in {DatasetManifest.FileName}"
            );
        }
    }
}
