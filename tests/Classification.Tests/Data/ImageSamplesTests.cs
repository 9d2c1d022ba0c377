using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Classification.Tests.Data;

internal sealed class ImageSamplesTests
{
    private static readonly PixelNormalization Plain = new([0, 0], [1 / 255.0, 1 / 255.0]);
    private static readonly ImageShape Shape = new(3, 4, 2);

    [Test]
    public void A_batch_has_normalized_images_and_labels()
    {
        ImageSet images = Set(false, 5);
        var samples = new ImageSamples(images, new PixelNormalization([0.5, 0.25], [0.5, 0.125]), Still);
        Batch batch = Draw(samples, 6, 1);
        Assert.That(batch[ImageSamples.Images].Shape, Is.EqualTo(new Shape(6, 1, 3, 4, 2)));
        Assert.That(batch[ImageSamples.Labels].Shape, Is.EqualTo(new Shape(6)));
        Assert.That(batch.Groups.Modalities, Is.EqualTo(1));
        for (int sample = 0; sample < 6; sample++)
        {
            int label = batch[ImageSamples.Labels].Sample<byte>(sample)[0];
            double[] expected =
            [
                .. images
                    .Pixels(label)
                    .ToArray()
                    .Select((p, i) => ((p / 255.0) - (i % 2 == 0 ? 0.5 : 0.25)) / (i % 2 == 0 ? 0.5 : 0.125)),
            ];
            Assert.That(batch[ImageSamples.Images].Sample<float>(sample).ToArray(), Is.EqualTo(expected).Within(1e-6));
        }
    }

    [Test]
    public void Several_labels_are_ones_among_zeros()
    {
        var samples = new ImageSamples(Set(true, 4), Plain, Still);
        Batch batch = Draw(samples, 12, 1);
        Assert.That(batch[ImageSamples.Labels].Shape, Is.EqualTo(new Shape(12, 5)));
        for (int sample = 0; sample < 12; sample++)
        {
            int image = (int)batch[ImageSamples.Images].Sample<float>(sample)[0] / 40;
            float[] expected = [.. Enumerable.Range(0, 5).Select(k => k == image || k == 4 ? 1f : 0f)];
            Assert.That(batch[ImageSamples.Labels].Sample<float>(sample).ToArray(), Is.EqualTo(expected));
        }
    }

    /// <summary>Every sample is one of the 2 * 9 mirrored and moved versions of its image, and each of them comes.</summary>
    [Test]
    public void Samples_are_mirrored_and_moved_with_black_coming_in()
    {
        ImageSet images = Set(false, 1);
        var samples = new ImageSamples(images, Plain, new ImagesConfig { Flip = true, CropPadding = 1 });
        BatchTensor drawn = Draw(samples, 400, 1)[ImageSamples.Images];
        string[] seen =
        [
            .. Enumerable
                .Range(0, 400)
                .Select(sample => Text(drawn.Sample<float>(sample).ToArray().Select(v => (int)MathF.Round(v)))),
        ];
        string[] expected =
        [
            .. from flip in new[] { false, true }
            from down in new[] { -1, 0, 1 }
            from right in new[] { -1, 0, 1 }
            select Text(Version(images.Pixels(0).ToArray(), flip, down, right)),
        ];
        Assert.That(seen.Distinct(), Is.EquivalentTo(expected));

        static IEnumerable<int> Version(byte[] pixels, bool flip, int down, int right) =>
            from y in Enumerable.Range(0, Shape.Height)
            from x in Enumerable.Range(0, Shape.Width)
            from c in Enumerable.Range(0, Shape.Channels)
            let row = y + down
            let column = x + right
            let isInside = row >= 0 && row < Shape.Height && column >= 0 && column < Shape.Width
            let source = flip ? Shape.Width - 1 - column : column
            select isInside ? pixels[(((row * Shape.Width) + source) * Shape.Channels) + c] : 0;

        static string Text(IEnumerable<int> values) => string.Join(',', values);
    }

    [Test]
    public void All_images_are_drawn_alike()
    {
        BatchTensor labels = Draw(new ImageSamples(Set(false, 5), Plain, Still), 1000, 7)[ImageSamples.Labels];
        int[] counts = [.. Enumerable.Range(0, 5).Select(k => labels.Elements<byte>().Count(label => label == k))];
        Assert.That(counts, Has.All.InRange(150, 250));
    }

    [Test]
    public void Seed_and_step_decide_whatever_the_threads()
    {
        var samples = new ImageSamples(Set(false, 5), Plain, new ImagesConfig());
        Assert.That(Images(1, 4, 0), Is.EqualTo(Images(3, 4, 0)));
        Assert.That(Images(1, 4, 0)[2..], Is.EqualTo(Images(1, 2, 2)), "resumed");
        Assert.That(Images(1, 1, 0), Is.Not.EqualTo(Images(1, 1, 1)));

        float[][] Images(int threads, int steps, long first)
        {
            using var loader = new BatchLoader(samples, 3, seed: 9, first, threads);
            return [.. Enumerable.Range(0, steps).Select(_ => Next(loader))];
        }

        static float[] Next(BatchLoader loader)
        {
            using LoadedBatch batch = loader.Next();
            Assert.That(batch.Origins[0].ToString(), Does.StartWith("image "));
            return [.. batch[ImageSamples.Images].Elements<float>()];
        }
    }

    [Test]
    public void Mean_and_deviation_are_those_of_all_pixels()
    {
        ImageSet images = Set(false, 5);
        var normalization = PixelNormalization.Of(images);
        for (int c = 0; c < 2; c++)
        {
            double[] values =
            [
                .. Enumerable
                    .Range(0, 5)
                    .SelectMany(i => images.Pixels(i).ToArray().Where((_, p) => p % 2 == c))
                    .Select(p => p / 255.0),
            ];
            double mean = values.Average();
            Assert.That(normalization.Mean[c], Is.EqualTo(mean).Within(1e-12));
            Assert.That(
                normalization.Deviation[c],
                Is.EqualTo(Math.Sqrt(values.Average(v => (v - mean) * (v - mean)))).Within(1e-12)
            );
        }
    }

    [Test]
    public void Images_of_one_value_have_a_deviation_to_divide_by()
    {
        var flat = new ImageSet(new ImageShape(1, 2, 1), 2, false, [new LabelledImage("flat", [7, 7], [0])]);
        Assert.That(PixelNormalization.Of(flat).Deviation[0], Is.GreaterThan(0));
    }

    [Test]
    public void A_limit_takes_as_many_of_each_class_and_a_smaller_one_a_part_of_it()
    {
        ImageDataset dataset = Dataset(20, test: 3);
        string[] six = Names(new ImagesConfig { Limit = 6 }, 1),
            twelve = Names(new ImagesConfig { Limit = 12 }, 1);
        ImageSet chosen = ImageSelection.Of(dataset, new ImagesConfig { Limit = 12 }, 1).Train;
        Assert.That(Enumerable.Range(0, 12).GroupBy(chosen.Label).Select(group => group.Count()), Is.EqualTo(new[] { 4, 4, 4 }));
        Assert.That(six, Is.SubsetOf(twelve));
        Assert.That(Names(new ImagesConfig { Limit = 12 }, 1), Is.EqualTo(twelve));
        Assert.That(Names(new ImagesConfig { Limit = 12 }, 2), Is.Not.EqualTo(twelve));
        Assert.That(Names(new ImagesConfig(), 1), Has.Length.EqualTo(60));
        Assert.That(Names(new ImagesConfig { Limit = 1000 }, 1), Has.Length.EqualTo(60));

        string[] Names(ImagesConfig config, long seed) => NamesOf(ImageSelection.Of(dataset, config, seed).Train);
    }

    [Test]
    public void A_teacher_sees_its_classes_only()
    {
        ImageSelection selection = ImageSelection.Of(
            Dataset(5, test: 2),
            new ImagesConfig { Classes = new("0,2"), Limit = 4 },
            1
        );
        Assert.That(LabelsOf(selection.Train), Is.EqualTo(new[] { 0, 0, 2, 2 }));
        Assert.That(LabelsOf(selection.Validation), Is.EqualTo(new[] { 0, 0, 2, 2 }));
        Assert.That(selection.Train.ClassCount, Is.EqualTo(3));

        static int[] LabelsOf(ImageSet set) => [.. Enumerable.Range(0, set.Count).Select(set.Label).Order()];
    }

    [Test]
    public void Without_test_images_some_are_held_out()
    {
        ImageDataset dataset = Dataset(10, test: 0);
        ImageSelection selection = ImageSelection.Of(dataset, new ImagesConfig { ValidationShare = 0.2 }, 3);
        Assert.That(selection.Validation.Count, Is.EqualTo(6));
        Assert.That(Enumerable.Range(0, 6).Select(selection.Validation.Label).Distinct().Count(), Is.EqualTo(3));
        Assert.That(NamesOf(selection.Train).Concat(NamesOf(selection.Validation)), Is.EquivalentTo(NamesOf(dataset.Train)));
        Assert.That(
            NamesOf(ImageSelection.Of(dataset, new ImagesConfig { ValidationShare = 0.2, Limit = 9 }, 3).Validation),
            Is.EqualTo(NamesOf(selection.Validation))
        );
        Assert.That(ImageSelection.Of(Dataset(10, test: 2), new ImagesConfig(), 3).Validation.Count, Is.EqualTo(6));
    }

    [Test]
    public void Choices_that_leave_nothing_are_refused()
    {
        Assert.That(
            () => ImageSelection.Of(Dataset(3, test: 0), new ImagesConfig { Classes = new("0,3") }, 1),
            Throws.TypeOf<UsageException>().With.Message.Contains("class 3, but the dataset has classes 0 to 2")
        );
        var onlyFirst = new ImageSet(Shape, 3, false, [new LabelledImage("a", new byte[24], [0])]);
        Assert.That(
            () =>
                ImageSelection.Of(
                    new ImageDataset("d", ["a", "b", "c"], onlyFirst, onlyFirst),
                    new ImagesConfig { Classes = new("1") },
                    1
                ),
            Throws.TypeOf<UsageException>().With.Message.Contains("images.classes '1'")
        );
    }

    [TestCase("", true)]
    [TestCase("0,7", true)]
    [TestCase("0,", false)]
    [TestCase("a", false)]
    [TestCase("-1", false)]
    [TestCase("256", false)]
    public void A_list_of_classes_is_numbers(string text, bool isList) =>
        Assert.That(ClassList.TryParse(text, null, out _), Is.EqualTo(isList));

    [Test]
    public void Settings_have_their_keys_and_limits()
    {
        var keys = new ConfigKeys(typeof(ImagesConfig));
        Assert.That(
            keys.All.Select(key => key.Name),
            Is.EquivalentTo(new[] { "limit", "classes", "flip", "crop_padding", "validation_share" })
        );
        Dictionary<string, string> texts = new()
        {
            ["limit"] = "500",
            ["classes"] = "0,3",
            ["flip"] = "false",
            ["crop_padding"] = "2",
            ["validation_share"] = "0.25",
        };
        Assert.That(keys.ProblemOf(texts, "images"), Is.Null);
        ImagesConfig read = keys.Parse(texts, new ImagesConfig());
        Assert.That(
            read,
            Is.EqualTo(
                new ImagesConfig
                {
                    Limit = 500,
                    Classes = new ClassList("0,3"),
                    Flip = false,
                    CropPadding = 2,
                    ValidationShare = 0.25,
                }
            )
        );
        Assert.That(keys.TextsOf(read), Is.EquivalentTo(texts));
        texts["classes"] = "first";
        Assert.That(keys.ProblemOf(texts, "images"), Is.EqualTo("images: classes is 'first', expected numbers such as 0,1,2"));
    }

    private static ImagesConfig Still => new() { Flip = false, CropPadding = 0 };

    private static Batch Draw(ImageSamples samples, int count, ulong seed)
    {
        using var loader = new BatchLoader(samples, count, seed);
        LoadedBatch batch = loader.Next();
        return batch;
    }

    private static string[] NamesOf(ImageSet set) => [.. Enumerable.Range(0, set.Count).Select(i => set[i].Name)];

    /// <summary>Image i has pixels from 40 i on, and label i; with several labels also the last.</summary>
    private static ImageSet Set(bool isMultiLabel, int count) =>
        new(
            Shape,
            5,
            isMultiLabel,
            [
                .. Enumerable
                    .Range(0, count)
                    .Select(i => new LabelledImage(
                        $"image {i}",
                        [.. Enumerable.Range((40 * i) + 1, Shape.Length).Select(v => (byte)v)],
                        isMultiLabel ? [i, 4] : [i]
                    )),
            ]
        );

    private static ImageDataset Dataset(int ofEachClass, int test)
    {
        return new ImageDataset("d", ["a", "b", "c"], Of("train", ofEachClass), Of("test", test));

        static ImageSet Of(string split, int count) =>
            new(
                Shape,
                3,
                isMultiLabel: false,
                [
                    .. Enumerable
                        .Range(0, 3 * count)
                        .Select(i => new LabelledImage($"{split} {i}", new byte[Shape.Length], [i / count])),
                ]
            );
    }
}
