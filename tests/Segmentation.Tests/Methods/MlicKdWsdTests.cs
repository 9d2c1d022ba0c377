using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Methods.MlicKdWsd;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>A detector of three classes on images of 12x12, and its students at 8x8.</summary>
internal sealed class MlicKdWsdTests
{
    private const string Detects = "mlic.role=teacher",
        AsTheyAre = "classifier.side=0";

    private ImageRuns runs = null!;
    private string teacher = "";

    [OneTimeSetUp]
    public void TrainTeacher()
    {
        runs = new ImageRuns(
            "mlic-kd-wsd",
            MakeDataset(),
            "classifier.depth=9",
            "classifier.hidden=4",
            "classifier.grid=2",
            "classifier.side=8",
            "classifier.batch_norm=true",
            "mlic.proposals=4",
            "mlic.head_rate=2"
        );
        runs.Train("teacher", Detects, AsTheyAre);
        teacher = $"mlic.teacher={runs.PathOf("teacher")}";
    }

    [OneTimeTearDown]
    public void DeleteRuns() => runs.Dispose();

    [Test]
    public void A_student_that_was_stopped_goes_on_to_the_same_bits_in_both_stages([Values(1, 3)] int stopAfter)
    {
        string[] sets = [teacher, "mlic.feature_steps=2"];
        runs.Train($"whole{stopAfter}", sets);
        runs.Train($"parts{stopAfter}", stopAfter, sets);
        runs.Resume($"parts{stopAfter}");
        Assert.That(runs.End($"parts{stopAfter}"), Is.EqualTo(runs.End($"whole{stopAfter}")));
        Assert.That(
            SafetensorsFile.Read(runs.WeightsOf($"whole{stopAfter}")).Arrays.Select(array => array.Name),
            Has.Some.EqualTo("scale/scale").And.None.StartsWith("teacher")
        );
    }

    [Test]
    public void A_teacher_that_was_stopped_goes_on_to_the_same_bits()
    {
        runs.Train("teacher-parts", 3, Detects, AsTheyAre);
        runs.Resume("teacher-parts");
        Assert.That(runs.End("teacher-parts"), Is.EqualTo(runs.End("teacher")));
    }

    [Test]
    public void Records_hold_the_terms_of_each_stage()
    {
        runs.Train("records", teacher, "mlic.feature_steps=2", "mlic.predictions=3");
        Dictionary<string, double>[] steps =
        [
            .. MetricsLog
                .Read(RunFolder.Open(runs.PathOf("records")))
                .Select(record => record.Values.ToDictionary(value => value.Key, value => value.Value))
                .Where(values => values.ContainsKey("loss/total")),
        ];
        Assert.That(steps, Has.Length.EqualTo(4));
        foreach (Dictionary<string, double> values in steps.Take(2))
            Assert.That(values["loss/total"], Is.EqualTo(values["loss/features"]).And.GreaterThan(0));
        foreach (Dictionary<string, double> values in steps.Skip(2))
        {
            double expected = values["loss/ce"] + (3 * values["loss/predictions"]);
            Assert.That(values["loss/total"], Is.EqualTo(expected).Within(1e-5 * expected));
            Assert.That(values, Does.Not.ContainKey("loss/features"));
        }
    }

    [Test]
    public void Replayed_steps_have_the_bits_of_launched_ones([Values] DistillationRole role)
    {
        string[] sets = [.. SetsOf(role), "training.batch=2", "mlic.feature_steps=3"];
        Assert.That(runs.AfterEmulated(records: true, 6, sets), Is.EqualTo(runs.AfterEmulated(records: false, 6, sets)));
    }

    [TestCase(DistillationRole.Teacher, 0)]
    [TestCase(DistillationRole.Student, 0)]
    [TestCase(DistillationRole.Student, 1)]
    public void Steps_on_the_emulated_device_are_those_of_the_processor(DistillationRole role, int featureSteps)
    {
        string[] sets =
        [
            .. SetsOf(role),
            "training.batch=2",
            "optimizer.learning_rate=0.001",
            $"mlic.feature_steps={featureSteps}",
        ];
        int steps = featureSteps + 1;
        Assert.That(
            runs.AfterEmulated(records: false, steps, sets),
            Is.EqualTo(runs.AfterOnProcessor(1, steps, sets)).Within(1e-5)
        );
    }

    [Test]
    public void Threads_do_not_matter([Values] DistillationRole role)
    {
        string[] sets = [.. SetsOf(role), "mlic.feature_steps=1"];
        Assert.That(runs.AfterOnProcessor(2, 3, sets), Is.EqualTo(runs.AfterOnProcessor(1, 3, sets)));
    }

    /// <summary>No image has more than four proposals.</summary>
    [Test]
    public void What_fills_up_images_of_few_proposals_changes_nothing([Values] DistillationRole role)
    {
        string[] sets = [.. SetsOf(role), "mlic.feature_steps=1", "classifier.dropout_keep=1", "optimizer.learning_rate=0.01"];
        float[] four = runs.AfterOnProcessor(1, 2, sets),
            nine = runs.AfterOnProcessor(1, 2, [.. sets, "mlic.proposals=9"]),
            one = runs.AfterOnProcessor(1, 2, [.. sets, "mlic.proposals=1"]);
        Assert.That(nine, Is.EqualTo(four).Within(1e-6));
        Assert.That(one, Is.Not.EqualTo(four).Within(1e-6), "proposals do matter");
    }

    [Test]
    public void Predictions_of_weight_zero_are_the_plain_student_bit_for_bit()
    {
        float[] plain = runs.AfterOnProcessor(1, 3),
            none = runs.AfterOnProcessor(1, 3, teacher, "mlic.predictions=0"),
            taught = runs.AfterOnProcessor(1, 3, teacher);
        Assert.That(none.Take(plain.Length), Is.EqualTo(plain));
        Assert.That(taught.Take(plain.Length), Is.Not.EqualTo(plain));
        Assert.That(taught[^1], Is.Not.EqualTo(0.2f), "the scale is learnt");
    }

    /// <summary>By plain descent without decay a step is rate times gradient.</summary>
    [Test]
    public void The_last_layers_and_the_scale_learn_faster()
    {
        string[] sets =
        [
            teacher,
            "optimizer.momentum=0",
            "loss.l2=0",
            "optimizer.learning_rate=0.01",
            "classifier.dropout_keep=1",
        ];
        Dictionary<string, float[]> before = Named("head0", [.. sets, "optimizer.learning_rate=1e-30"]),
            slow = Named("head1", [.. sets, "mlic.head_rate=1"]),
            fast = Named("head5", [.. sets, "mlic.head_rate=5"]);
        Assert.That(fast["block1.conv1.kernel"], Is.EqualTo(slow["block1.conv1.kernel"]));
        foreach (string head in new[] { "logits.kernel", "logits.bias", "scale/scale" })
        {
            Assert.That(slow[head], Is.Not.EqualTo(before[head]));
            Assert.That(
                fast[head].Zip(before[head], (own, first) => own - first),
                Is.EqualTo(slow[head].Zip(before[head], (own, first) => 5 * (own - first))).Within(1e-6)
            );
        }
    }

    [Test]
    public void The_published_code_drops_features_of_stage_1()
    {
        Assert.That(
            After("classifier.dropout_keep=0.5", "compat=reference"),
            Is.Not.EqualTo(After("classifier.dropout_keep=0.5"))
        );
        Assert.That(
            After("classifier.dropout_keep=1", "compat=reference"),
            Is.EqualTo(After("classifier.dropout_keep=1")),
            "nothing else differs"
        );

        float[] After(params string[] sets) => runs.AfterOnProcessor(1, 2, [teacher, "mlic.feature_steps=1", .. sets]);
    }

    [Test]
    public void A_detector_says_what_is_where()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using var run = ClassifierRun.Open(runs.PathOf("teacher"), backend, latest: true, _ => { });
        ImageSet images = runs.Dataset.Test;
        IReadOnlyList<ImageFindings> found = run.Locate(images);
        ClassificationReport report = run.Evaluate(images);
        Dictionary<string, double> judged = run.Judge(images).ToDictionary();
        for (int i = 0; i < images.Count; i++)
        {
            Assert.That(found[i].Scores, Has.All.InRange(0, 1.00001f));
            // One proposal takes all of a class's probability.
            if (images[i].Proposals.Count == 1)
                Assert.That(found[i].Best.Select(best => best.Score), Is.EqualTo(found[i].Scores));
            foreach (BoxProposal best in found[i].Best)
                Assert.That(images[i].Proposals.Select(proposal => proposal.Box), Has.Member(best.Box));
        }

        Assert.That(report.MeanCorLoc, Is.InRange(0, 1));
        // Of each image's proposals one is right, and it has the best score where there is no other.
        double[][] shares =
        [
            .. Enumerable
                .Range(0, 3)
                .Select(label =>
                    Enumerable
                        .Range(0, images.Count)
                        .Where(i => images[i].Classes.Contains(label))
                        .Select(i => 1.0 / images[i].Proposals.Count)
                        .ToArray()
                ),
        ];
        Assert.That(judged["cor_loc_random"], Is.EqualTo(shares.Average(own => own.Average())).Within(1e-12));
        Assert.That(judged["cor_loc_edges"], Is.LessThan(judged["cor_loc_random"]));
    }

    [Test]
    public void Regions_of_the_student_are_scaled_and_floored()
    {
        ImageSamples samples = new ImageSamples(
            runs.Dataset.Train,
            PixelNormalization.Of(runs.Dataset.Train),
            new ImagesConfig()
        ).WithProposals(4);
        var source = new StudentRegions(samples, runs.Dataset.Shape, 8);
        using var loader = new BatchLoader(source, 6, seed: 1);
        LoadedBatch batch = loader.Next();
        float[] scales = [1, 8f / 12, 8f / 12, 8f / 12, 8f / 12];
        Assert.That(
            batch[StudentRegions.Corners].Elements<float>().ToArray(),
            Is.EqualTo(
                batch[ImageSamples.Regions].Elements<float>().ToArray().Select((corner, i) => MathF.Floor(corner * scales[i % 5]))
            )
        );
    }

    /// <summary>
    /// VGG16 of 1000 classes has 138,357,544 parameters (Caffe's and PyTorch's), 4,097,000 of them in its last layer. COCO has
    /// 80.
    /// </summary>
    [Test]
    public void The_published_networks_have_their_parameters()
    {
        const long body = 138_357_544 - 4_097_000,
            head = (4096 + 1) * 80;
        var model = new ClassifierDescription(
            [.. Enumerable.Range(0, 80).Select(k => $"class {k}")],
            true,
            new ImageShape(672, 672, 3),
            [0.5, 0.5, 0.5],
            [0.25, 0.25, 0.25]
        )
        {
            Network = ConfigLoader.Load("paper-mlic-kd-wsd").Classifier,
        };
        using var device = Device.OpenWithoutMemory();
        var detector = new WeakDetector(model, device);
        Assert.That(detector.Network.Parameters.Count(), Is.EqualTo(body + head));
        Assert.That(detector.Network.Parameters.Count() + detector.Head.Count(), Is.EqualTo(body + (2 * head)));
        Assert.That(detector.Network.Parameters["fc6.kernel"].Value.Shape, Is.EqualTo(new Tensors.Shape(7 * 7 * 512, 4096)));
    }

    [TestCase("classifier.name=resnet", "classifier.depth=8", "classifier.name")]
    [TestCase("classifier.hidden=0", "mlic.scale=1", "classifier.hidden")]
    [TestCase("mlic.teacher=somewhere", Detects, "mlic.teacher")]
    [TestCase("mlic.feature_steps=4", "mlic.teacher=somewhere", "mlic.feature_steps")]
    public void Settings_that_make_no_run_are_named(string first, string second, string key) =>
        Assert.That(() => runs.Config(first, second), Throws.TypeOf<UsageException>().With.Message.Contains(key));

    [Test]
    public void A_student_is_no_teacher()
    {
        runs.Train("student");
        Assert.That(
            () => runs.AfterOnProcessor(1, 1, $"mlic.teacher={runs.PathOf("student")}"),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("mlic.role=teacher")
        );
        Assert.That(
            () => runs.AfterOnProcessor(1, 1, teacher, "classifier.hidden=6"),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("classifier.hidden")
        );
    }

    [Test]
    public void Images_of_one_label_are_refused()
    {
        using var others = new ImageRuns("mlic-kd-wsd", null, "classifier.depth=9", "classifier.hidden=4", "classifier.grid=2");
        Assert.That(
            () => others.AfterOnProcessor(1, 1),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("several labels")
        );
    }

    private string[] SetsOf(DistillationRole role) => role == DistillationRole.Teacher ? [Detects, AsTheyAre] : [teacher];

    private Dictionary<string, float[]> Named(string run, string[] sets)
    {
        runs.Train(run, [.. sets, "training.steps=1", "training.validate_every=0"]);
        return SafetensorsFile
            .Read(runs.WeightsOf(run))
            .Arrays.ToDictionary(
                array => array.Name,
                array => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(array.Bytes.Span).ToArray()
            );
    }

    /// <summary>
    /// 12x12, grey: one or two bright squares of 5x5, whose brightness tells the class; up to three more proposals that lie
    /// elsewhere and have the better scores.
    /// </summary>
    private static ImageDataset MakeDataset()
    {
        var random = new System.Random(2);
        return new ImageDataset("squares", ["dim", "bright", "white"], Set(24), Set(9));

        ImageSet Set(int count) =>
            new(new ImageShape(12, 12, 1), 3, isMultiLabel: true, [.. Enumerable.Range(0, count).Select(Image)]);

        LabelledImage Image(int number)
        {
            int label = number % 3;
            byte[] pixels = new byte[144];
            random.NextBytes(pixels);
            for (int i = 0; i < pixels.Length; i++)
                pixels[i] /= 8;
            for (int i = 0; i < 25; i++)
                pixels[((1 + (i / 5)) * 12) + 1 + (i % 5)] = (byte)(90 + (80 * label));
            var box = new ImageBox(1, 1, 5, 5);
            return new LabelledImage($"image {number}", pixels, [label])
            {
                Objects = [new ObjectBox(box, label)],
                Proposals =
                [
                    new BoxProposal(box, 0.5f),
                    .. Enumerable
                        .Range(0, number % 4)
                        .Select(i => new BoxProposal(new ImageBox(6 + i, 6, 11, 11), 0.6f + (0.1f * i))),
                ],
            };
        }
    }
}
