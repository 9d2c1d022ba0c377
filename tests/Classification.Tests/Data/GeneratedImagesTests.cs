using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Classification.Tests.Data;

internal sealed class GeneratedImagesTests
{
    /// <summary>Figures of demonstrations are for these very pixels: who changes them measures again.</summary>
    [TestCase(GeneratedKind.Shapes10, "f917dca556414b5b0b353e91d3af50fc")]
    [TestCase(GeneratedKind.ShapesMultilabel, "4750346bdd7f76eb4f5c96893bf10dcb")]
    [TestCase(GeneratedKind.Garments, "c1568ffbbe0d0ddb7d9fa26e4cc2a2bc")]
    public void Pixels_labels_and_boxes_are_those_of_the_figures(GeneratedKind kind, string expected) =>
        Assert.That(GeneratedImages.Create(Options(kind)).Fingerprint, Is.EqualTo(expected));

    [Test]
    public void Every_kind_has_a_hash() =>
        Assert.That(
            Enum.GetValues<GeneratedKind>(),
            Is.EquivalentTo(new[] { GeneratedKind.Shapes10, GeneratedKind.ShapesMultilabel, GeneratedKind.Garments })
        );

    [TestCase(GeneratedKind.Shapes10)]
    [TestCase(GeneratedKind.ShapesMultilabel)]
    [TestCase(GeneratedKind.Garments)]
    public void A_written_dataset_is_read_back(GeneratedKind kind)
    {
        using var folder = new TemporaryFolder();
        ImageDataset made = GeneratedImages.Create(Options(kind));
        GeneratedImages.Write(folder.Path, Options(kind));
        ImageDataset read = ImageDataset.Open(folder.Path);
        Assert.That(read.Fingerprint, Is.EqualTo(made.Fingerprint));
        Assert.That((read.Train.Count, read.Test.Count), Is.EqualTo((12, 4)));
        Assert.That(read.Train[3].Name, Is.EqualTo(made.Train[3].Name));
        Assert.That(read.IsMultiLabel, Is.EqualTo(kind != GeneratedKind.Shapes10));
        Assert.That(
            () => GeneratedImages.Write(folder.Path, Options(kind)),
            Throws.TypeOf<UsageException>().With.Message.Contains("not empty")
        );
    }

    [Test]
    public void Another_seed_split_or_number_makes_other_images()
    {
        ImageDataset dataset = GeneratedImages.Create(Options(GeneratedKind.Shapes10)),
            other = GeneratedImages.Create(Options(GeneratedKind.Shapes10) with { Seed = 2 });
        Assert.That(other.Train.Pixels(0).ToArray(), Is.Not.EqualTo(dataset.Train.Pixels(0).ToArray()));
        Assert.That(dataset.Test.Pixels(0).ToArray(), Is.Not.EqualTo(dataset.Train.Pixels(0).ToArray()));
        Assert.That(dataset.Train.Pixels(10).ToArray(), Is.Not.EqualTo(dataset.Train.Pixels(0).ToArray()));
        Assert.That(dataset.Train.Label(10), Is.EqualTo(dataset.Train.Label(0)));
    }

    [Test]
    public void More_images_begin_with_the_same() =>
        Assert.That(
            GeneratedImages.Create(Options(GeneratedKind.Shapes10) with { Train = 20 }).Train.Pixels(11).ToArray(),
            Is.EqualTo(GeneratedImages.Create(Options(GeneratedKind.Shapes10)).Train.Pixels(11).ToArray())
        );

    [TestCase(GeneratedKind.ShapesMultilabel)]
    [TestCase(GeneratedKind.Garments)]
    public void Scenes_have_objects_that_proposals_find(GeneratedKind kind)
    {
        ImageSet images = GeneratedImages.Create(Options(kind) with { Train = 60 }).Train;
        int found = 0,
            objects = 0,
            hits = 0;
        for (int i = 0; i < images.Count; i++)
        {
            LabelledImage image = images[i];
            Assert.That(image.Proposals, Has.Count.EqualTo(40));
            Assert.That(image.Objects, Has.Count.InRange(1, 4));
            Assert.That(image.Classes, Is.EqualTo(image.Objects.Select(o => o.Class).Distinct().Order()));
            Assert.That(image.Proposals[0].Score, Is.EqualTo(1));
            Assert.That(image.Proposals.Select(p => p.Score), Is.Ordered.Descending.And.All.InRange(0, 1));
            objects += image.Objects.Count;
            found += image.Objects.Count(o => image.Proposals.Any(p => p.Box.Overlap(o.Box) >= 0.5));
            hits += image.Proposals.Count(p =>
                image.Objects.Any(o => o.Class == image.Classes[0] && p.Box.Overlap(o.Box) >= 0.5)
            );
        }

        Assert.That(found, Is.GreaterThan(0.97 * objects), "objects that some proposal shows");
        Assert.That(hits / (40.0 * images.Count), Is.LessThan(0.2), "share of proposals that show a class of the image");
    }

    /// <summary>The score knows edges only, yet it must rank boxes around objects above random ones.</summary>
    [Test]
    public void Scores_prefer_objects()
    {
        ImageSet images = GeneratedImages.Create(Options(GeneratedKind.ShapesMultilabel) with { Train = 60 }).Train;
        BoxProposal[] all = [.. Enumerable.Range(0, images.Count).SelectMany(i => images[i].Proposals)];
        bool[] shows =
        [
            .. Enumerable
                .Range(0, images.Count)
                .SelectMany(i => images[i].Proposals.Select(p => images[i].Objects.Any(o => o.Box.Overlap(p.Box) >= 0.5))),
        ];
        double with = all.Where((_, i) => shows[i]).Average(p => p.Score),
            without = all.Where((_, i) => !shows[i]).Average(p => p.Score);
        Assert.That(with, Is.GreaterThan(1.3 * without));
    }

    /// <summary>Turned, smoothed and noisy, ten classes must still be ten: shapes differ in area, holes and outline.</summary>
    [Test]
    public void Shapes_are_different_shapes()
    {
        bool[][] masks =
        [
            .. DrawnShape.All.Select(shape =>
                Enumerable.Range(0, 400).Select(i => shape.Contains(((i % 20) - 9.5) / 9.5, ((i / 20) - 9.5) / 9.5)).ToArray()
            ),
        ];
        foreach ((int a, bool[] first) in masks.Index())
        {
            Assert.That(first.Count(inside => inside), Is.GreaterThan(40), DrawnShape.All[a].Name);
            foreach (bool[] second in masks[(a + 1)..])
                Assert.That(first.Zip(second, (x, y) => x != y).Count(differs => differs), Is.GreaterThan(25));
        }

        Assert.That(DrawnShape.ForScenes, Has.Count.EqualTo(6));
    }

    [Test]
    public void Impossible_datasets_are_refused()
    {
        Refused(new GeneratedImagesOptions { Train = 0 }, "0 training");
        Refused(new GeneratedImagesOptions { Proposals = 5 }, "5 proposals");
        Refused(new GeneratedImagesOptions { Kind = GeneratedKind.Garments }, "Fashion-MNIST");
        Refused(
            new GeneratedImagesOptions
            {
                Kind = GeneratedKind.Garments,
                Garments = GeneratedImages.Create(Options(GeneratedKind.Shapes10)),
            },
            "must be grey images"
        );
    }

    private static void Refused(GeneratedImagesOptions options, string problem) =>
        Assert.That(() => GeneratedImages.Create(options), Throws.TypeOf<UsageException>().With.Message.Contains(problem));

    private static GeneratedImagesOptions Options(GeneratedKind kind) =>
        new()
        {
            Kind = kind,
            Train = 12,
            Test = 4,
            Garments = kind == GeneratedKind.Garments ? MadeUpGarments() : null,
        };

    /// <summary>28x28: a grey block on black, of another height for each class.</summary>
    private static ImageDataset MadeUpGarments()
    {
        var set = new ImageSet(
            new ImageShape(28, 28, 1),
            3,
            isMultiLabel: false,
            [
                .. Enumerable
                    .Range(0, 6)
                    .Select(i => new LabelledImage(
                        $"garment {i}",
                        [
                            .. Enumerable
                                .Range(0, 784)
                                .Select(p =>
                                    (byte)(p / 28 >= 2 && p / 28 < 14 + (4 * (i % 3)) && p % 28 is > 4 and < 23 ? 200 - i : 0)
                                ),
                        ],
                        [i % 3]
                    )),
            ]
        );
        return new ImageDataset("garments", ["low", "middle", "high"], set, set);
    }
}
