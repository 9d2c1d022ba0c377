using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Tests.Sharing;

/// <summary>What each scheme shares.</summary>
internal sealed class SchemeTests
{
    private const int Classes = 3;
    private const int Size = 16;

    private Device device = null!;
    private CpuBackend backend = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, 2);
    }

    [TearDown]
    public void Close()
    {
        backend.Dispose();
        device.Dispose();
    }

    [Test]
    public void Every_kind_of_normalization_makes_a_network()
    {
        void Create(NetworkConfig network) => Build(new TrainingConfig { Network = network }).Parameters.Dispose();
        foreach (NormalizationKind kind in Enum.GetValues<NormalizationKind>())
            Assert.That(
                () =>
                    Create(
                        new NetworkConfig
                        {
                            Channels = 2,
                            Norm = new NormConfig { Kind = kind, Groups = 1 },
                        }
                    ),
                Throws.Nothing,
                kind.ToString()
            );
        Assert.That(() => Create(new NetworkConfig { Name = (NetworkName)99 }), Throws.InstanceOf<ArgumentException>());
    }

    /// <summary>At full width, 5 classes and two modalities, the counts of the method's description.</summary>
    [TestCase(NetworkName.Dilated2d, SchemeName.Individual, 78_645_296)]
    [TestCase(NetworkName.Dilated2d, SchemeName.Joint, 39_322_648)]
    [TestCase(NetworkName.Dilated2d, SchemeName.JointNorm, 39_342_840)]
    [TestCase(NetworkName.Dilated2d, SchemeName.YShape, 39_988_136)]
    [TestCase(NetworkName.Dilated2d, SchemeName.XShape, 51_277_744)]
    [TestCase(NetworkName.Dilated2d, SchemeName.Ummkd, 39_342_840)]
    [TestCase(NetworkName.Unet3d, SchemeName.Individual, 4_403_178)]
    [TestCase(NetworkName.Unet3d, SchemeName.Joint, 2_201_589)]
    [TestCase(NetworkName.Unet3d, SchemeName.JointNorm, 2_204_565)]
    [TestCase(NetworkName.Unet3d, SchemeName.YShape, 2_853_189)]
    [TestCase(NetworkName.Unet3d, SchemeName.XShape, 3_111_018)]
    [TestCase(NetworkName.Unet3d, SchemeName.Ummkd, 2_204_565)]
    [TestCase(NetworkName.Dilated2d, SchemeName.Conditioned, 46_518_537)]
    [TestCase(NetworkName.Unet3d, SchemeName.Conditioned, 2_249_361)]
    public void Parameters_are_counted(NetworkName network, SchemeName scheme, long expected)
    {
        using Device shapes = Device.OpenWithoutMemory();
        using ParameterStore parameters = Build(Config(network, scheme, 16), shapes, classes: 5).Parameters;
        Assert.That(parameters.Count(), Is.EqualTo(expected));
    }

    /// <summary>Training on one modality leaves what is the other's alone, bit by bit, and moves all that is shared.</summary>
    [Test]
    public void A_modality_moves_its_own_and_the_shared_parameters(
        [Values(NetworkName.Dilated2d, NetworkName.Unet3d)] NetworkName network,
        [Values] SchemeName scheme
    )
    {
        ISegmentationNetwork created = Build(Config(network, scheme));
        using ParameterStore parameters = created.Parameters;
        Dictionary<string, float[]> before = parameters.All.ToDictionary(p => p.Name, p => p.Value.ToArray<float>());
        using (TensorScope.Open(device))
        {
            var tape = new Tape(backend);
            var context = new ForwardContext(tape, ModalityIndex.Single(2, 1, 2), Training: true, 1, 1);
            Variable logits = created.Forward(context, Images(network, 2));
            context.CommitUpdates();
            tape.Backward(tape.Sum(tape.Multiply(logits, logits)));
            foreach (Parameter parameter in parameters.All)
            {
                bool othersOwn = parameter.Name.Contains(".m0.", StringComparison.Ordinal);
                if (parameter.IsTrainable)
                    Assert.That(parameter.Variable.Gradient is null, Is.EqualTo(othersOwn), parameter.Name);
                if (parameter.Kind == ParameterKind.Statistic && parameter.Value.Shape[0] == 2)
                {
                    int channels = parameter.Value.Shape[1];
                    Assert.That(
                        parameter.Value.ToArray<float>()[..channels],
                        Is.EqualTo(before[parameter.Name][..channels]),
                        parameter.Name
                    );
                    Assert.That(
                        parameter.Value.ToArray<float>()[channels..],
                        Is.Not.EqualTo(before[parameter.Name][channels..]),
                        parameter.Name
                    );
                }
            }
        }
    }

    /// <summary>A batch of both modalities gives each the logits that it gets alone, wherever no statistics are shared.</summary>
    [Test]
    public void Modalities_together_are_as_apart(
        [Values(NetworkName.Dilated2d, NetworkName.Unet3d)] NetworkName network,
        [Values] SchemeName scheme
    )
    {
        TrainingConfig config = Config(network, scheme, sharing: scheme == SchemeName.Individual ? "scheme" : "per_modality");
        ISegmentationNetwork created = Build(config);
        using ParameterStore parameters = created.Parameters;
        float[] together = Logits(created, network, ModalityIndex.Blocks(2, 2), 0, 4);
        float[] apart =
        [
            .. Logits(created, network, ModalityIndex.Single(2, 0, 2), 0, 2),
            .. Logits(created, network, ModalityIndex.Single(2, 1, 2), 2, 2),
        ];
        for (int i = 0; i < together.Length; i++)
            Assert.That(together[i], Is.EqualTo(apart[i]).Within(1e-5 * (1 + Math.Abs(apart[i]))), $"logit {i}");
    }

    /// <summary>
    /// A dozen steps lower the loss. The lowest counts: at this rate a network of so few channels jumps up now and then, with
    /// other roundings at another step.
    /// </summary>
    [Test]
    public void Steps_descend([Values(NetworkName.Dilated2d, NetworkName.Unet3d)] NetworkName network, [Values] SchemeName scheme)
    {
        TrainingConfig config = Config(network, scheme);
        (double first, double lowest) = Train(config, steps: 12);
        Assert.That(lowest, Is.LessThan(first - 0.05));
    }

    [Test]
    public void Only_ummkd_distills([Values] SchemeName scheme) =>
        Assert.That(
            UmmkdDefinition.LossOf(Config(NetworkName.Dilated2d, scheme)).Distillation.Weight,
            Is.EqualTo(scheme == SchemeName.Ummkd ? 0.5 : 0)
        );

    /// <summary>A step of turns is a step by each modality after the other.</summary>
    [Test]
    public void Turns_are_steps_of_one_modality_after_the_other(
        [Values(NetworkName.Dilated2d, NetworkName.Unet3d)] NetworkName network
    )
    {
        Batch both = BatchOf(network, ModalityIndex.Blocks(2, 2)),
            first = BatchOf(network, ModalityIndex.Single(2, 0, 2)),
            second = BatchOf(network, ModalityIndex.Single(2, 1, 2), firstSample: 2);
        (float[] inTurns, LossReport ofTurns) = After(SchemeName.Alternating, both);
        (float[] oneByOne, LossReport ofSecond) = After(SchemeName.JointNorm, first, second);
        Assert.That(inTurns, Is.EqualTo(oneByOne));
        Assert.That(ofTurns.Terms.Select(term => term.Name), Is.EqualTo(new[] { "dice_CT", "ce_CT", "dice_MR", "ce_MR" }));
        Assert.That(
            ofTurns.Terms.Where(term => term.Name.EndsWith("MR", StringComparison.Ordinal)),
            Is.EqualTo(ofSecond.Terms.Where(term => term.Name.EndsWith("MR", StringComparison.Ordinal))),
            "the second meets what the first left"
        );

        (float[] Weights, LossReport Last) After(SchemeName scheme, params Batch[] batches)
        {
            TrainingConfig config = Config(network, scheme);
            ISegmentationNetwork created = Build(config);
            using var method = new UmmkdMethod(
                backend,
                created,
                UmmkdDefinition.LossOf(config),
                config.Optimizer,
                seed: 1,
                ["CT", "MR"],
                ["background", "a", "b"],
                scheme: Scheme.Of(scheme)
            );
            using var runner = new StepRunner(method);
            LossReport last = batches.Select(batch => runner.Run(1, batch)).ToArray()[^1];
            return ([.. created.Parameters.All.SelectMany(parameter => parameter.Value.ToArray<float>())], last);
        }
    }

    private static TrainingConfig Config(NetworkName network, SchemeName scheme, int channels = 2, string sharing = "scheme") =>
        ConfigLoader.Load(
            sets:
            [
                $"network.name={network.ToString().ToLowerInvariant()}",
                $"scheme={TextOf(scheme)}",
                $"network.channels={channels}",
                "network.dropout_keep=1",
                $"network.norm.sharing={sharing}",
                "optimizer.learning_rate=0.003",
            ]
        );

    private static string TextOf(SchemeName scheme) =>
        scheme switch
        {
            SchemeName.JointNorm => "joint-norm",
            SchemeName.YShape => "y-shape",
            SchemeName.XShape => "x-shape",
            SchemeName.StyleMixing => "style-mixing",
            _ => scheme.ToString().ToLowerInvariant(),
        };

    private ISegmentationNetwork Build(TrainingConfig config, Device? on = null, int classes = Classes)
    {
        NetworkDescription network = config.Definition.NetworkOf(config);
        return network.Build(on ?? device, (ulong)config.Training.Seed, ChannelsOf(config.Network.Name), 2, classes);
    }

    private (double First, double Lowest) Train(TrainingConfig config, int steps)
    {
        using var method = new UmmkdMethod(
            backend,
            Build(config),
            UmmkdDefinition.LossOf(config),
            config.Optimizer,
            seed: 1,
            ["CT", "MR"],
            ["background", "a", "b"],
            scheme: Scheme.Of(((UmmkdConfig)config.Own).Scheme)
        );
        using var runner = new StepRunner(method);
        Batch batch = BatchOf(config.Network.Name, ModalityIndex.Blocks(2, 2));
        double[] losses = [.. Enumerable.Range(1, steps).Select(step => runner.Run(step, batch).Total)];
        return (losses[0], losses.Min());
    }

    /// <summary>Of four samples, those from one on.</summary>
    private static Batch BatchOf(NetworkName network, ModalityIndex groups, int firstSample = 0)
    {
        Shape all = ShapeOf(network, 4),
            shape = all.With(0, groups.Samples);
        int each = (int)(all.Count / 4);
        float[] images = Pixels(all)[(firstSample * each)..((firstSample + groups.Samples) * each)];
        byte[] labels =
        [
            .. Enumerable.Range(0, (int)shape.Count / shape[4]).Select(i => (byte)(images[i * shape[4]] > 0.2 ? 1 : 0)),
        ];
        return new Batch(
            groups,
            BatchTensor.Of(VariedSamples.Images, shape, images),
            BatchTensor.Of(VariedSamples.Labels, new Shape(shape.AsSpan()[..^1]), labels)
        );
    }

    private static int ChannelsOf(NetworkName network) => ShapeOf(network, 1)[4];

    private float[] Logits(
        ISegmentationNetwork created,
        NetworkName network,
        ModalityIndex modality,
        int firstSample,
        int samples
    )
    {
        using TensorScope scope = TensorScope.Open(device);
        var context = new ForwardContext(new Tape(backend, recording: false), modality, Training: true, 1, 1);
        return created.Forward(context, Images(network, samples, firstSample)).Value.ToArray<float>();
    }

    private Variable Images(NetworkName network, int samples, int firstSample = 0)
    {
        Shape all = ShapeOf(network, 4),
            shape = all.With(0, samples);
        int each = (int)(all.Count / 4);
        return new Variable(Tensor.From<float>(device, shape, Pixels(all).AsSpan(firstSample * each, samples * each)));
    }

    private static Shape ShapeOf(NetworkName network, int samples) =>
        network == NetworkName.Unet3d ? new Shape(samples, 8, Size, Size, 1) : new Shape(samples, 1, Size, Size, 3);

    private static float[] Pixels(Shape shape) =>
        [.. Enumerable.Range(0, (int)shape.Count).Select(i => MathF.Sin(i * 0.37f) + (0.3f * MathF.Cos(i * 0.011f)))];
}
