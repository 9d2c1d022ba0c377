using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Export;
using UnpairedSegEngine.Export.Onnx;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Sharing;
using UnpairedSegEngine.Segmentation.Tests.Methods;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Export;

/// <summary>Exported networks in ONNX Runtime say what ours say.</summary>
public sealed class OnnxParityTests
{
    private const double Tolerance = 1e-4;

    private readonly TemporaryFolder folder = new();
    private readonly Device device = Device.OpenCpu();
    private CpuBackend backend = null!;

    /// <summary>Settings, sharing, channels, batch and size of the images.</summary>
    private static readonly TestCaseData[] Networks =
    [
        Case("dilated2d", SharingName.JointNorm, new(2, 1, 24, 40, 3)),
        Case("dilated2d", SharingName.Individual, new(1, 1, 8, 16, 1)),
        Case("dilated2d", SharingName.YShape, new(1, 1, 24, 32, 3), "norm.kind=instance"),
        Case("dilated2d", SharingName.XShape, new(2, 1, 16, 24, 1), "norm.kind=group", "norm.groups=2"),
        Case("unet3d", SharingName.JointNorm, new(1, 8, 24, 40, 1)),
        Case("unet3d", SharingName.Individual, new(2, 16, 8, 24, 2), "norm.kind=group", "norm.groups=2"),
        Case("unet3d", SharingName.Joint, new(1, 8, 8, 16, 1), "norm.kind=layer"),
        Case("unet3d", SharingName.JointNorm, new(1, 8, 16, 8, 1), "norm.kind=instance"),
        Case("unet3d", SharingName.YShape, new(1, 8, 8, 8, 1), "upsample_depth=1"),
        Case("unet2d", SharingName.JointNorm, new(2, 1, 16, 48, 3)),
        Case("two_stream2d", SharingName.JointNorm, new(2, 1, 32, 16, 1)),
        Case("two_stream2d", SharingName.JointNorm, new(1, 1, 16, 48, 1), "target_plane=image"),
    ];

    [OneTimeSetUp]
    public void Open() => backend = new CpuBackend(device, 2);

    [OneTimeTearDown]
    public void Close()
    {
        backend.Dispose();
        device.Dispose();
        folder.Dispose();
    }

    [TestCaseSource(nameof(Networks))]
    public void Logits_are_the_same(Dictionary<string, string> settings, SharingName sharing, Shape images)
    {
        ModelDescription description = Describe(settings, sharing, images);
        ISegmentationNetwork network = Network(description);
        using ParameterStore parameters = network.Parameters;
        foreach (string name in description.Modalities)
        {
            Modality modality = description.ModalityOf(name);
            string path = folder.File($"{TestContext.CurrentContext.Test.ID}-{name}.onnx");
            OnnxExport.Write(path, description, network, modality, step: 7);
            using var onnx = new OnnxNetwork(path, network);
            AreTheSame(network, onnx, ModalityIndex.Single(description.Modalities.Count, modality.Index, images[0]), images);
        }
    }

    /// <summary>Preprocessing, slices or overlapping blocks, and the way back are ours for both.</summary>
    [TestCase("dilated2d", 1)]
    [TestCase("unet3d", 8)]
    public void No_label_of_a_phantom_differs(string network, int depth)
    {
        PhantomDataset.Write(folder.File(network), VolumeRuns.Few with { Size = 27 }, null, CancellationToken.None);
        SegmentationDataset dataset = SegmentationDataset.Open(folder.File(network));
        ModelDescription description = Describe(
            new Dictionary<string, string> { ["name"] = network, ["channels"] = "2" },
            SharingName.JointNorm,
            new Shape(1, depth, 16, 16, 1),
            dataset.ClassNames
        );
        ISegmentationNetwork ours = Network(description);
        using ParameterStore parameters = ours.Parameters;
        SampleShape sample = description.Preprocessing.Shape;
        foreach (DatasetCase source in dataset.TestCases.Select(description.Adopt))
        {
            var prepared = PreparedCase.Prepare(
                CaseReader.Read(source, dataset.ClassNames),
                description.Preprocessing,
                description.Classes.Count
            );
            string path = folder.File($"{network}-{source.Modality.Name}.onnx");
            OnnxExport.Write(path, description, ours, source.Modality, step: 7);
            using var theirs = new OnnxNetwork(path, ours);
            Volume<byte>[] labels =
            [
                .. new ISegmentationNetwork[] { ours, theirs }.Select(one =>
                {
                    using var predictor = new CasePredictor(backend, one, description.Modalities.Count, sample);
                    return predictor.Predict(prepared).ToOriginal();
                }),
            ];
            Assert.That(labels[0].Voxels.Distinct().Count(), Is.GreaterThan(1), "one label everywhere shows nothing");
            Assert.That(labels[1].Voxels, Is.EqualTo(labels[0].Voxels));
        }
    }

    [TestCase(ClassifierName.Resnet, 8, 20)]
    [TestCase(ClassifierName.Vgg, 9, 28)]
    [TestCase(ClassifierName.Densenet, 10, 20)]
    public void Logits_of_classifiers_are_the_same(ClassifierName name, int depth, int width)
    {
        var description = new ClassifierDescription(["dress", "coat"], false, new(28, width, 3), [0.5, 0.5, 0.5], [1, 1, 1])
        {
            Network = new ClassifierConfig
            {
                Name = name,
                Depth = depth,
                Width = 4,
                Hidden = 8,
                Grid = 7,
            },
        };
        Classifier network = description.BuildNetwork(device);
        using ParameterStore parameters = network.Parameters;
        Disturb(parameters);
        string path = folder.File($"{name}.onnx");
        OnnxExport.Write(path, description, network, step: 7);
        using var onnx = new OnnxNetwork(path, network);
        AreTheSame(network, onnx, ModalityIndex.Single(1, 0, 2), new Shape(2, 1, 28, width, 3));
        Assert.That(onnx.InputDims, Is.EqualTo([-1, 3, 28, width]), "a classifier's pooling has the images' size in it");
    }

    [Test]
    public void Normalizations_by_constants_vanish_in_convolutions()
    {
        ModelDescription description = Describe(
            new() { ["name"] = "unet3d", ["channels"] = "2" },
            SharingName.JointNorm,
            new(1, 8, 16, 16, 1)
        );
        ISegmentationNetwork network = Network(description);
        using ParameterStore parameters = network.Parameters;
        TracedNetwork traced = OnnxTracer.Trace(
            host => description.BuildNetwork(host),
            parameters,
            ModalityIndex.Single(2, 1, 1),
            new Shape(1, 8, 16, 16, 1),
            isPlanar: false
        );
        Assert.That(
            traced.Graph.Nodes.Select(node => node.OpType).Distinct(),
            Is.EquivalentTo(["Conv", "LeakyRelu", "MaxPool", "ConvTranspose", "Concat"])
        );
    }

    [Test]
    public void The_file_says_what_it_takes_and_gives()
    {
        ModelDescription description = Describe(
            new() { ["name"] = "dilated2d", ["channels"] = "2" },
            SharingName.JointNorm,
            new(1, 1, 16, 16, 3)
        );
        ISegmentationNetwork network = Network(description);
        using ParameterStore parameters = network.Parameters;
        string path = folder.File("described.onnx");
        OnnxExport.Write(path, description, network, description.ModalityOf("MR"), step: 7);
        using var onnx = new OnnxNetwork(path, network);
        Assert.Multiple(() =>
        {
            Assert.That(onnx.InputDims, Is.EqualTo([-1, 3, -1, -1]));
            Assert.That(onnx.InputNames, Is.EqualTo(["batch", "", "height", "width"]));
            Assert.That(onnx.Metadata["modality"], Is.EqualTo("MR"));
            Assert.That(onnx.Metadata["classes"], Is.EqualTo("[\"background\",\"liver\",\"spleen\"]"));
            Assert.That(onnx.Metadata["normalization"], Is.EqualTo("[\"zscore\"]"));
            Assert.That(onnx.Metadata["multiple"], Is.EqualTo("[8,8]"));
            Assert.That(onnx.Metadata["axes"], Is.EqualTo("LAS"));
            Assert.That(onnx.Metadata["step"], Is.EqualTo("7"));
        });
    }

    /// <summary>What has no translation is refused, not left out.</summary>
    [Test]
    public void What_has_no_translation_is_refused()
    {
        var description = new ClassifierDescription(["dress", "coat"], false, new(28, 28, 1), [0.5], [1])
        {
            Network = new ClassifierConfig
            {
                Depth = 8,
                Width = 2,
                Side = 16,
            },
        };
        Classifier network = description.BuildNetwork(device);
        using ParameterStore parameters = network.Parameters;
        Assert.That(
            () => OnnxExport.Write(folder.File("refused.onnx"), description, network, step: 7),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("no translation to ONNX")
        );
        Assert.That(File.Exists(folder.File("refused.onnx")), Is.False);
    }

    private void AreTheSame(IStagedNetwork network, OnnxNetwork onnx, ModalityIndex modality, Shape images)
    {
        using TensorScope scope = TensorScope.Open(device);
        float[] pixels = Random(images.Count, seed: 5);
        var context = new ForwardContext(new Tape(backend, recording: false), modality);
        Variable logits = network.Forward(context, context.Tape.Input(images, pixels));
        float[] expected = logits.Value.ToArray<float>(),
            actual = onnx.Logits(pixels, images, out Shape shape);
        double scale = Math.Max(1, expected.Max(Math.Abs)),
            difference = expected.Zip(actual, (e, a) => (double)Math.Abs(e - a)).Max() / scale;
        TestContext.Out.WriteLine($"difference {difference:E1} at a scale of {scale:F2}");
        Assert.That(expected.Max(Math.Abs), Is.GreaterThan(0.1), "logits of no size show nothing");
        Assert.That(shape, Is.EqualTo(logits.Shape));
        Assert.That(difference, Is.LessThan(Tolerance));
    }

    private static TestCaseData Case(string network, SharingName sharing, Shape images, params string[] settings)
    {
        var texts = settings.Select(setting => setting.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        texts["name"] = network;
        texts["channels"] = "2";
        return new TestCaseData(texts, sharing, images).SetArgDisplayNames([
            network,
            .. settings,
            sharing.ToString(),
            images.ToString(),
        ]);
    }

    private static ModelDescription Describe(
        Dictionary<string, string> settings,
        SharingName sharing,
        Shape images,
        IReadOnlyList<string>? classes = null
    )
    {
        NetworkConfig network = NetworkConfig.Parse(settings);
        bool isVolumetric = images[1] > 1;
        return new ModelDescription(
            ["CT", "MR"],
            classes ?? ["background", "liver", "spleen"],
            [.. Enumerable.Repeat("zscore", isVolumetric ? 2 * images[4] : 2)],
            16,
            isVolumetric ? 1 : images[4],
            isVolumetric ? 8 : 1,
            Channels: isVolumetric && images[4] > 1 ? [new Channel(0, "T1"), new Channel(1, "T2")] : null
        )
        {
            Network = new NetworkDescription(network, sharing, TransposedShuffle: images[0] > 1),
        };
    }

    /// <summary>
    /// With values that no initial network has: statistics, scales and shifts that differ by channel and modality.
    /// </summary>
    private ISegmentationNetwork Network(ModelDescription description)
    {
        ISegmentationNetwork network = description.BuildNetwork(device, seed: 3);
        Disturb(network.Parameters);
        return network;
    }

    private static void Disturb(ParameterStore parameters)
    {
        ulong seed = 0;
        foreach (Parameter parameter in parameters.All)
        {
            float[] noise = Random(parameter.Value.Count, ++seed);
            float deviation = parameter.Kind == ParameterKind.Kernel ? KernelDeviation(parameter.Value.Shape) : 0.3f;
            float middle =
                parameter.Name.EndsWith("gamma", StringComparison.Ordinal)
                || parameter.Name.EndsWith("variance", StringComparison.Ordinal)
                    ? 1
                    : 0;
            parameter.Value.Load<float>([.. noise.Select(value => middle + (deviation * value))]);
        }
    }

    /// <summary>As He et al. have it, for numbers from -1 to 1, so that logits stay near 1.</summary>
    private static float KernelDeviation(Shape shape) => MathF.Sqrt(6f / (shape.Count / shape[^1]));

    /// <summary>Uniform, from -1 to 1.</summary>
    private static float[] Random(long count, ulong seed)
    {
        var random = new System.Random((int)seed);
        var values = new float[count];
        for (int i = 0; i < values.Length; i++)
            values[i] = (random.NextSingle() * 2) - 1;
        return values;
    }
}
