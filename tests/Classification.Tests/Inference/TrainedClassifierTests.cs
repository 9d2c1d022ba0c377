using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Evaluation;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Classification.Tests.Inference;

internal sealed class TrainedClassifierTests
{
    private static readonly ImageDataset Shapes = GeneratedImages.Create(new GeneratedImagesOptions { Train = 20, Test = 11 });
    private static readonly ClassifierConfig Settings = new() { Depth = 8, Width = 4 };

    private TemporaryFolder folder = null!;

    [SetUp]
    public void Open() => folder = new TemporaryFolder();

    [TearDown]
    public void Close() => folder.Dispose();

    [Test]
    public void A_description_is_read_as_it_was_written()
    {
        ClassifierDescription written = Description(Shapes);
        written.Write(folder.Path);
        Assert.That(ClassifierDescription.IsIn(folder.Path));
        ClassifierDescription read = ClassifierDescription.Read(folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(read.ClassNames, Is.EqualTo(written.ClassNames));
            Assert.That(read.IsMultiLabel, Is.False);
            Assert.That(read.Shape, Is.EqualTo(new ImageShape(32, 32, 3)));
            Assert.That(read.Mean, Is.EqualTo(written.Mean));
            Assert.That(read.Deviation, Is.EqualTo(written.Deviation));
            Assert.That(read.Network, Is.EqualTo(Settings));
            Assert.That(() => read.RequireMatch(Shapes), Throws.Nothing);
        });
    }

    [TestCase("""{"modalities": ["CT"]}""", "segments volumes")]
    [TestCase("""{"kind": "detector"}""", "segments volumes")]
    [TestCase("[]", "no valid JSON")]
    [TestCase("""{"kind": "classifier", "classNames": ["a"]}""", "classNames has 1 names")]
    [TestCase("""{"kind": "classifier", "classNames": ["a", "a"]}""", "there twice")]
    [TestCase(
        """{"kind": "classifier", "classNames": ["a", "b"], "shape": {"height": 0, "width": 3, "channels": 1}}""",
        "shape is 0x3x1"
    )]
    [TestCase(
        """{"kind": "classifier", "classNames": ["a", "b"], "shape": {"height": 1, "width": 3, "channels": 1}, "mean": [0]}""",
        "mean and deviation"
    )]
    [TestCase(
        """{"kind": "classifier", "classNames": ["a", "b"], "shape": {"height": 1, "width": 3, "channels": 1}, "mean": [0], "deviation": [0], "network": {}}""",
        "above 0"
    )]
    [TestCase(
        """{"kind": "classifier", "classNames": ["a", "b"], "shape": {"height": 1, "width": 3, "channels": 1}, "mean": [0], "deviation": [1], "network": {"colour": "1"}}""",
        "unknown key colour"
    )]
    [TestCase(
        """{"kind": "classifier", "classNames": ["a", "b"], "shape": {"height": 1, "width": 3, "channels": 1}, "mean": [0], "deviation": [1], "network": {"depth": "9"}}""",
        "network.depth is 9"
    )]
    public void A_description_that_is_none_is_refused(string json, string problem)
    {
        File.WriteAllText(folder.File("model.json"), json);
        Assert.That(
            () => ClassifierDescription.Read(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("model.json").And.Message.Contains(problem)
        );
    }

    [Test]
    public void Other_images_or_classes_do_not_match()
    {
        ClassifierDescription description = Description(Shapes);
        ImageDataset scenes = GeneratedImages.Create(
            new GeneratedImagesOptions
            {
                Kind = GeneratedKind.ShapesMultilabel,
                Train = 1,
                Test = 0,
            }
        );
        Assert.That(
            () => description.RequireMatch(scenes),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("96x96x3").And.Message.Contains("32x32x3")
        );
        Assert.That(
            () => (description with { Shape = scenes.Shape }).RequireMatch(scenes),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("several of an image")
        );
    }

    /// <summary>A network learns a handful of images by heart, is saved, opened and judged.</summary>
    [Test]
    public void What_was_learnt_is_opened_and_judged()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        ClassifierDescription description = Description(Shapes);
        Classifier network = description.BuildNetwork(device, seed: 2);
        using ParameterStore parameters = network.Parameters;
        using var sgd = new Sgd(backend, parameters, momentum: 0.9);
        double[] losses = [.. Enumerable.Range(0, 25).Select(_ => sgd.Minimize(0.05, Loss))];
        Assert.That(losses[^1], Is.LessThan(0.5 * losses[0]));

        description.Write(folder.Path);
        Save(parameters, step: 25);
        float[][] expected = [.. new ClassPredictor(backend, network, description.Normalization, false).Scores(Shapes.Test)];
        using TrainedClassifier opened = TrainedClassifier.Open(folder.Path);
        Assert.That(opened.Step, Is.EqualTo(25));
        Assert.That(opened.Parameters, Is.EqualTo(parameters.Count()));
        IReadOnlyList<float[]> scores = opened.Predictor.Scores(Shapes.Test);
        Assert.That(scores, Is.EqualTo(expected).Within(1e-6));
        Assert.That(scores.Select(row => row.Sum()), Is.All.EqualTo(1).Within(1e-5));
        ClassificationReport report = ClassificationReport.Of(
            Shapes.Train,
            opened.Predictor.Scores(Shapes.Train),
            description.ClassNames
        );
        Assert.That(report.Images, Is.EqualTo(20));

        Variable Loss(ForwardContext pass)
        {
            var pixels = new float[20 * Shapes.Shape.Length];
            for (int i = 0; i < 20; i++)
                description.Normalization.Apply(
                    Shapes.Train.Pixels(i),
                    pixels.AsSpan(i * Shapes.Shape.Length, Shapes.Shape.Length)
                );
            Tensor labels = Tensor.From<byte>(
                device,
                new Shape(20),
                [.. Enumerable.Range(0, 20).Select(i => (byte)Shapes.Train.Label(i))]
            );
            Variable images = pass.Tape.Input(new Shape(20, 1, 32, 32, 3), pixels);
            return pass.Tape.CrossEntropy(network.Forward(pass, images), labels);
        }
    }

    /// <summary>11 images in batches of 4: the last one is filled up, and its surplus dropped.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public void The_size_of_batches_changes_no_score(bool isMultiLabel)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        ClassifierDescription description = Description(Shapes);
        Classifier network = description.BuildNetwork(device, seed: 2);
        using ParameterStore parameters = network.Parameters;
        float[][] logits = [.. Predictor(4).Logits(Shapes.Test)],
            scores = [.. Predictor(4).Scores(Shapes.Test)];
        Assert.That(scores, Has.Length.EqualTo(11));
        Assert.That(scores, Is.EqualTo(Predictor(11).Scores(Shapes.Test)).Within(1e-6));
        foreach ((float[] z, float[] p) in logits.Zip(scores))
        {
            double[] expected = isMultiLabel
                ? [.. z.Select(v => 1 / (1 + Math.Exp(-v)))]
                : [.. z.Select(v => Math.Exp(v) / z.Sum(other => Math.Exp(other)))];
            Assert.That(p, Is.EqualTo(expected).Within(1e-6));
        }

        Assert.That(Predictor(4).Scores(Shapes.Test.Subset([])), Is.Empty);

        ClassPredictor Predictor(int batch) => new(backend, network, description.Normalization, isMultiLabel, batch);
    }

    [Test]
    public void A_run_without_weights_or_with_others_is_refused()
    {
        Description(Shapes).Write(folder.Path);
        Assert.That(
            () => TrainedClassifier.Open(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("no checkpoint yet")
        );
        using Device device = Device.OpenCpu();
        using ParameterStore other = (Description(Shapes) with { Network = Settings with { Width = 6 } })
            .BuildNetwork(device)
            .Parameters;
        Save(other, step: 1);
        Assert.That(
            () => TrainedClassifier.Open(folder.Path),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("weights.safetensors")
        );
    }

    private static ClassifierDescription Description(ImageDataset dataset) =>
        ClassifierDescription.Of(dataset, PixelNormalization.Of(dataset.Train), Settings);

    private void Save(ParameterStore parameters, long step) =>
        new CheckpointStore(folder.File(TrainingCheckpoint.FolderName)).Save(
            step,
            new Dictionary<string, Action<Stream>>
            {
                [TrainingCheckpoint.WeightFiles.Single()] = stream =>
                    SafetensorsFile.Write(stream, [.. parameters.All.Select(p => p.Value.ToNamedArray(p.Name))]),
            }
        );
}
