using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;

namespace UnpairedSegEngine.Classification.Tests.Evaluation;

internal sealed class ClassificationReportTests
{
    private static readonly string[] Names = ["cat", "dog", "cow"];

    /// <summary>Five images; every value is counted by hand.</summary>
    [Test]
    public void One_label_is_judged_by_the_most_probable_class()
    {
        ClassificationReport report = OneLabel();
        Assert.Multiple(() =>
        {
            Assert.That(report.Images, Is.EqualTo(5));
            Assert.That(report.Accuracy, Is.EqualTo(3.0 / 5));
            Assert.That(report.Confusion, Is.EqualTo(new[] { new[] { 2, 1, 0 }, new[] { 1, 1, 0 }, new[] { 0, 0, 0 } }));
            Assert.That(report.Classes.Select(c => c.Images), Is.EqualTo(new[] { 3, 2, 0 }));
            Assert.That(report.Classes.Select(c => c.Recall), Is.EqualTo(new double?[] { 2.0 / 3, 0.5, null }));
            Assert.That(report.Classes.Select(c => c.Precision), Is.EqualTo(new double?[] { 2.0 / 3, 0.5, null }));
            Assert.That(report.Classes.Select(c => c.F1), Is.EqualTo(new double?[] { 2.0 / 3, 0.5, null }));
            Assert.That(report.MeanF1, Is.EqualTo(((2.0 / 3) + 0.5) / 2).Within(1e-15));
            Assert.That(report.OverallF1, Is.EqualTo(0.6));
            double expected = -(Math.Log(0.75) + Math.Log(0.5) + Math.Log(0.25) + Math.Log(0.25) + Math.Log(0.5)) / 5;
            Assert.That(report.CrossEntropy, Is.EqualTo(expected).Within(1e-12));
            Assert.That(report.MeanAveragePrecision, Is.Null);
        });
    }

    [Test]
    public void Several_labels_are_judged_class_by_class()
    {
        ClassificationReport report = SeveralLabels();
        Assert.Multiple(() =>
        {
            Assert.That(report.Accuracy, Is.Null);
            Assert.That(report.Confusion, Is.Null);
            Assert.That(report.Classes.Select(c => c.Images), Is.EqualTo(new[] { 2, 1, 0 }));
            Assert.That(report.Classes.Select(c => c.Recall), Is.EqualTo(new double?[] { 0.5, 1, null }));
            Assert.That(report.Classes.Select(c => c.Precision), Is.EqualTo(new double?[] { 0.5, 1, 0 }));
            // The first class: ranked 0 (yes), 2 (no), 1 (yes): 1 and 2/3.
            Assert.That(report.Classes[0].AveragePrecision, Is.EqualTo((1 + (2.0 / 3)) / 2).Within(1e-15));
            Assert.That(report.Classes[1].AveragePrecision, Is.EqualTo(1));
            Assert.That(report.Classes[2].AveragePrecision, Is.Null);
            Assert.That(report.MeanAveragePrecision, Is.EqualTo((1 + ((1 + (2.0 / 3)) / 2)) / 2).Within(1e-15));
            // All decisions: 2 right, 2 wrong, 1 missed.
            Assert.That(report.OverallF1, Is.EqualTo(4.0 / 7).Within(1e-15));
            double expected =
                -(
                    Math.Log(0.75)
                    + Math.Log(0.25)
                    + Math.Log(1 - 0.5)
                    + (2 * Math.Log(1 - 0.25))
                    + Math.Log(0.75)
                    + Math.Log(1 - 0.75)
                    + (2 * Math.Log(1 - 0.125))
                ) / 9;
            Assert.That(report.CrossEntropy, Is.EqualTo(expected).Within(1e-12));
        });
    }

    [Test]
    public void A_certain_mistake_has_a_finite_cross_entropy() =>
        Assert.That(
            ClassificationReport
                .Of(
                    Set(false, [0]),
                    [
                        [0, 1, 0],
                    ],
                    Names
                )
                .CrossEntropy,
            Is.EqualTo(-Math.Log(ClassificationReport.ProbabilityFloor)).Within(1e-9)
        );

    [Test]
    public void Other_numbers_of_scores_are_refused()
    {
        Assert.That(
            () =>
                ClassificationReport.Of(
                    Set(false, [0], [1]),
                    [
                        [1, 0, 0],
                    ],
                    Names
                ),
            Throws.ArgumentException
        );
        Assert.That(
            () =>
                ClassificationReport.Of(
                    Set(false, [0]),
                    [
                        [1, 0],
                    ],
                    Names
                ),
            Throws.ArgumentException
        );
    }

    /// <summary>The area under the curve by its definition: at each recall the greatest precision of any threshold that reaches
    /// it.</summary>
    [Test]
    public void Average_precision_is_the_area_under_the_interpolated_curve()
    {
        var random = new System.Random(3);
        for (int trial = 0; trial < 200; trial++)
        {
            int count = random.Next(1, 30);
            float[] scores = [.. Enumerable.Range(0, count).Select(_ => random.Next(6) / 5f)];
            bool[] labels = [.. Enumerable.Range(0, count).Select(_ => random.Next(3) == 0)];
            int positives = labels.Count(label => label);
            int[] order = [.. Enumerable.Range(0, count).OrderBy(i => (-scores[i], i))];
            (double Recall, double Precision)[] curve =
            [
                .. Enumerable
                    .Range(1, count)
                    .Select(n => order[..n].Count(i => labels[i]))
                    .Select((hits, n) => (hits / (double)Math.Max(1, positives), hits / (n + 1.0))),
            ];
            double area = Enumerable
                .Range(1, positives)
                .Sum(k =>
                    curve.Where(point => point.Recall >= (k / (double)positives) - 1e-12).Max(point => point.Precision)
                    / positives
                );
            Assert.That(
                AveragePrecision.Of(scores, labels),
                positives == 0 ? Is.Null : Is.EqualTo(area).Within(1e-12),
                $"trial {trial}"
            );
        }
    }

    [Test]
    public void Equal_scores_are_ranked_by_their_place()
    {
        Assert.That(AveragePrecision.Of([1, 1], [true, false]), Is.EqualTo(1));
        Assert.That(AveragePrecision.Of([1, 1], [false, true]), Is.EqualTo(0.5));
    }

    [Test]
    public void Localization_counts_images_whose_best_box_is_half_right()
    {
        var far = new ImageBox(20, 20, 29, 29);
        var images = new ImageSet(
            new ImageShape(40, 40, 1),
            3,
            isMultiLabel: true,
            [
                Image(new ObjectBox(new ImageBox(0, 0, 9, 9), 0), new ObjectBox(far, 1)),
                Image(new ObjectBox(new ImageBox(0, 0, 9, 9), 0)),
            ]
        );
        // The first image's box for class 0 covers its upper half: 50 of 100 pixels; the second's one column less.
        IReadOnlyList<double?> corLoc = Localization.CorLoc(
            images,
            (image, label) =>
                label == 1 ? new ImageBox(0, 0, 9, 9)
                : image == 0 ? new ImageBox(0, 0, 9, 4)
                : new ImageBox(0, 0, 8, 4)
        );
        Assert.That(corLoc, Is.EqualTo(new double?[] { 0.5, 0, null }));
        ClassificationReport report = SeveralLabels().With(corLoc);
        Assert.That(report.MeanCorLoc, Is.EqualTo(0.25));

        static LabelledImage Image(params ObjectBox[] objects) =>
            new("image", new byte[1600], [.. objects.Select(o => o.Class)]) { Objects = objects };
    }

    [Test]
    public void Overlap_counts_the_pixels_of_both_corners()
    {
        var box = new ImageBox(2, 3, 5, 4);
        Assert.That(box.Area, Is.EqualTo(8));
        Assert.That(box.Overlap(box), Is.EqualTo(1));
        Assert.That(box.Overlap(new ImageBox(5, 4, 9, 9)), Is.EqualTo(1.0 / (8 + 30 - 1)));
        Assert.That(box.Overlap(new ImageBox(6, 3, 9, 4)), Is.Zero);
    }

    [Test]
    public void Files_hold_the_report()
    {
        using var folder = new TemporaryFolder();
        ClassificationReport report = SeveralLabels().With([0.5, null, null]);
        ClassificationFiles.WriteJson(report, folder.File("r.json"));
        ClassificationReport read = ClassificationFiles.ReadJson(folder.File("r.json"));
        Assert.That(read.Classes, Is.EqualTo(report.Classes));
        Assert.That(read with { Classes = report.Classes }, Is.EqualTo(report));
        ClassificationFiles.WriteCsv(report, folder.File("r.csv"));
        string[] csv = File.ReadAllLines(folder.File("r.csv"));
        Assert.That(csv[0], Is.EqualTo("class,images,recall,precision,f1,average_precision,cor_loc"));
        Assert.That(csv[2], Is.EqualTo("dog,1,1,1,1,1,"));
        ClassificationFiles.WriteMarkdown(report, folder.File("r.md"));
        string markdown = File.ReadAllText(folder.File("r.md"));
        Assert.That(markdown, Does.Contain("| mAP | 0.9167 |").And.Contain("| cow | 0 | n/a |").And.Contain("PASCAL VOC"));
    }

    [Test]
    public void The_page_of_one_label_has_the_confusion_matrix()
    {
        using var folder = new TemporaryFolder();
        ClassificationFiles.WriteMarkdown(OneLabel(), folder.File("r.md"));
        Assert.That(
            File.ReadAllText(folder.File("r.md")),
            Does.Contain("| accuracy | 0.6000 |").And.Contain("| cat | 2 | 1 | 0 |")
        );
    }

    [TestCase("{}")]
    [TestCase("""{"classes": [null]}""")]
    [TestCase("[")]
    public void A_file_that_is_no_report_is_refused(string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.File("r.json"), json);
        Assert.That(
            () => ClassificationFiles.ReadJson(folder.File("r.json")),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("r.json")
        );
    }

    private static ClassificationReport OneLabel() =>
        ClassificationReport.Of(
            Set(false, [0], [0], [0], [1], [1]),
            [
                [0.75f, 0.25f, 0],
                [0.5f, 0.25f, 0.25f],
                [0.25f, 0.75f, 0],
                [0.75f, 0.25f, 0],
                [0.25f, 0.5f, 0.25f],
            ],
            Names
        );

    private static ClassificationReport SeveralLabels() =>
        ClassificationReport.Of(
            Set(true, [0, 1], [0], []),
            [
                [0.75f, 0.75f, 0.125f],
                [0.25f, 0.25f, 0.125f],
                [0.75f, 0.25f, 0.5f],
            ],
            Names
        );

    private static ImageSet Set(bool isMultiLabel, params int[][] labels) =>
        new(
            new ImageShape(1, 1, 1),
            Names.Length,
            isMultiLabel,
            [.. labels.Select((own, i) => new LabelledImage($"image {i}", [0], own))]
        );
}
