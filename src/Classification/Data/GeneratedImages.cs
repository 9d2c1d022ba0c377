using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>
/// Made-up images with labels, for demonstrations and tests: nothing has to be downloaded. The same options make the same pixels
/// on any number of threads. The README of this project describes them.
/// </summary>
public static class GeneratedImages
{
    /// <summary>Keeps these images apart from other random numbers of a seed.</summary>
    private const ulong Key = 0xC1A5_51F1_CA71_0D5E;

    private const string ImagesFolder = "images";

    private const int SceneSide = 96,
        FewestProposals = 16,
        MostProposals = 1000;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>Makes a dataset in memory.</summary>
    /// <exception cref="UsageException">Counts that make no dataset, or garments that are none.</exception>
    public static ImageDataset Create(GeneratedImagesOptions options)
    {
        if (options.Train < 1 || options.Test < 0)
            throw new UsageException(
                $"{options.Train} training and {options.Test} test images are not possible: the first must be at least 1"
            );
        if (options.Proposals is < FewestProposals or > MostProposals)
            throw new UsageException($"{options.Proposals} proposals are not possible: {FewestProposals} to {MostProposals}");
        Generator generator = options.Kind switch
        {
            GeneratedKind.Shapes10 => new([.. DrawnShape.All.Select(shape => shape.Name)], ShapeImages.Shape, ShapeImages.Draw),
            GeneratedKind.ShapesMultilabel => OfScenes(
                [.. DrawnShape.ForScenes.Select(shape => shape.Name)],
                new SceneImages(
                    new ImageShape(SceneSide, SceneSide, 3),
                    options.Proposals,
                    new ShapeObjects(DrawnShape.ForScenes)
                )
            ),
            GeneratedKind.Garments => OfGarments(options),
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Kind, "no such images"),
        };
        return new ImageDataset(
            $"generated {options.Kind}",
            generator.ClassNames,
            SetOf(generator, options, isTest: false),
            SetOf(generator, options, isTest: true)
        );
    }

    /// <summary>
    /// Writes a dataset as a folder that <see cref="ImageDataset.Open"/> reads: images/, proposals.csv and objects.csv where
    /// there are any, and last labels.json.
    /// </summary>
    /// <param name="folder">Absent or empty.</param>
    /// <param name="options">Which images.</param>
    /// <param name="cancellation">Without its labels.json the folder is no dataset.</param>
    /// <exception cref="UsageException">A folder that holds files, counts that make no dataset, or garments that are
    /// none.</exception>
    public static void Write(string folder, GeneratedImagesOptions options, CancellationToken cancellation = default)
    {
        if (File.Exists(folder) || (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any()))
            throw new UsageException($"{folder} exists and is not empty: name another folder, or empty this one");
        ImageDataset dataset = Create(options);
        Directory.CreateDirectory(Path.Combine(folder, ImagesFolder));
        LabelledImage[] images = [.. All(dataset.Train), .. All(dataset.Test)];
        int trained = dataset.Train.Count;
        InParallel(
            images.Length,
            cancellation,
            i => File.WriteAllBytes(Path.Combine(folder, images[i].Name), PngImage.Encode(dataset.Shape, images[i].Pixels))
        );
        WriteBoxes(
            Path.Combine(folder, BoxFiles.ProposalsCsv),
            images,
            "score",
            image => image.Proposals.Select(p => (p.Box, Text(p.Score)))
        );
        WriteBoxes(
            Path.Combine(folder, BoxFiles.ObjectsCsv),
            images,
            "label",
            image => image.Objects.Select(o => (o.Box, TableText.CsvField(dataset.ClassNames[o.Class])))
        );
        var labels = new PngFolder.StoredLabels(
            dataset.ClassNames,
            dataset.IsMultiLabel,
            [
                .. images.Select(
                    (image, i) =>
                        new PngFolder.StoredImage(
                            image.Name,
                            i < trained ? PngFolder.Train : PngFolder.Test,
                            [.. image.Classes.Select(label => dataset.ClassNames[label])]
                        )
                ),
            ],
            string.Create(CultureInfo.InvariantCulture, $"Made-up images ({options.Kind}), seed {options.Seed}")
        );
        JsonFile.Write(Path.Combine(folder, PngFolder.LabelsJson), labels, Format);
    }

    private static Generator OfScenes(IReadOnlyList<string> classNames, SceneImages scenes) =>
        new(classNames, scenes.Shape, scenes.Draw) { IsMultiLabel = true };

    private static Generator OfGarments(GeneratedImagesOptions options)
    {
        ImageDataset garments =
            options.Garments ?? throw new UsageException("garments need a dataset to take them from, such as Fashion-MNIST");
        Generator train = OfScenes(garments.ClassNames, Scenes(garments.Train));
        return options.Test == 0 ? train : train with { DrawTest = Scenes(garments.Test).Draw };

        SceneImages Scenes(ImageSet images) =>
            new(new ImageShape(SceneSide, SceneSide, 1), options.Proposals, new GarmentObjects(images));
    }

    private static ImageSet SetOf(Generator generator, GeneratedImagesOptions options, bool isTest)
    {
        string split = isTest ? PngFolder.Test : PngFolder.Train;
        Drawing draw = isTest ? generator.DrawTest : generator.Draw;
        var images = new LabelledImage[isTest ? options.Test : options.Train];
        InParallel(
            images.Length,
            CancellationToken.None,
            i =>
            {
                var stream = new PhiloxStream(options.Seed ^ Key, (uint)i, isTest ? 1u : 0u, (uint)options.Kind);
                images[i] = draw($"{ImagesFolder}/{split}_{i:00000}.png", i, ref stream);
            }
        );
        return new ImageSet(generator.Shape, generator.ClassNames.Count, generator.IsMultiLabel, images);
    }

    private static void WriteBoxes(
        string path,
        IReadOnlyList<LabelledImage> images,
        string last,
        Func<LabelledImage, IEnumerable<(ImageBox Box, string Last)>> boxes
    )
    {
        if (!images.SelectMany(boxes).Any())
            return;
        AtomicFile.WriteText(
            path,
            writer =>
            {
                writer.WriteLine($"file,x1,y1,x2,y2,{last}");
                foreach (LabelledImage image in images)
                {
                    foreach ((ImageBox box, string text) in boxes(image))
                        writer.WriteLine($"{image.Name},{box},{text}");
                }
            }
        );
    }

    private static void InParallel(int count, CancellationToken cancellation, Action<int> action)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellation }, action);
        }
        catch (AggregateException failures)
        {
            // The caller wants the full disk itself, not a collection of it.
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }

    private static IEnumerable<LabelledImage> All(ImageSet images) => Enumerable.Range(0, images.Count).Select(i => images[i]);

    private static string Text(float score) => score.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Draws the image of a number.</summary>
    private delegate LabelledImage Drawing(string name, int number, ref PhiloxStream stream);

    private sealed record Generator(IReadOnlyList<string> ClassNames, ImageShape Shape, Drawing Draw)
    {
        public bool IsMultiLabel { get; init; }

        public Drawing DrawTest { get; init; } = Draw;
    }
}
