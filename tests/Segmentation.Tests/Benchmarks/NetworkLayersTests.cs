using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Profiling;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Sharing;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Benchmarks;

/// <summary>A network's convolutions against what steps compute, what networks store, and what was published.</summary>
internal sealed class NetworkLayersTests
{
    private static readonly string[] Small = ["network.channels=4", "data.size=16", "data.depth=8", "training.batch=2"];

    private static readonly string[] ThreeLevels =
    [
        "network.name=unet3d",
        "network.kernels=3x3x1 3x3x3 3x3x3",
        "network.pools=2x2x1 2x2x2",
        "network.upsample_depth=1",
    ];

    /// <summary>At F = 16, the sizes and figures of bench/results and of bench/peers/description.py.</summary>
    [TestCase("dilated2d", 256, 8, 3_833_541_439_488d, 79_884_222_848d, 39_302_456d)]
    [TestCase("dilated2d", 256, 1, 479_192_679_936d, 79_884_222_848d, 39_302_456d)]
    [TestCase("unet3d", 128, 1, 300_883_192_832d, 50_181_442_304d, 2_198_608d)]
    [TestCase("unet3d", 256, 2, 2_425_587_914_752d, 202_270_018_304d, 2_198_608d)]
    public void The_published_networks_have_their_flops_and_weights(
        string network,
        int size,
        int batch,
        double step,
        double sample,
        double weights
    )
    {
        TrainingConfig config = ConfigLoader.Load(
            sets: [$"network.name={network}", $"data.size={size}", $"training.batch={batch}", "data.depth=8"]
        );
        Assert.That((MadeUpWork.StepFlops(config), NetworkLayers.SampleFlops(config)), Is.EqualTo((step, sample)));
        Assert.That(Weights(NetworkLayers.Of(config)), Is.EqualTo(weights));
    }

    [Test]
    public void Layers_have_names_of_their_own([Values("dilated2d", "unet3d")] string network)
    {
        string[] names = [.. NetworkLayers.Of(ConfigLoader.Load(sets: [$"network.name={network}"])).Select(layer => layer.Name)];
        (int count, string[] among) =
            network == "dilated2d"
                ? (
                    15,
                    new[]
                    {
                        "g1 3->16 3x3 at 256",
                        "g5 g6 256->256 3x3 at 32",
                        "g8 dilated 2x2 512->512 3x3 at 32",
                        "out 40->5 5x5 at 256",
                    }
                )
                : (
                    21,
                    new[]
                    {
                        "enc1_1 1->16 3x3x3 at 8x256x256",
                        "deconv3 256->128 1x3x3 transposed at 1x32x32",
                        "dec2_1 part 1 128->64 3x3x3 at 4x128x128",
                        "dec2_1 part 2 64->64 3x3x3 at 4x128x128",
                        "logits 32->5 1x1x1 at 8x256x256",
                    }
                );
        Assert.That(names, Is.Unique.And.Length.EqualTo(count).And.SupersetOf(among));
    }

    /// <summary>The profile counts what a backend was really asked to compute.</summary>
    [Test]
    public void Flops_are_those_that_a_step_and_a_prediction_compute(
        [Values("dilated2d", "unet3d", "three levels")] string network,
        [Values("individual", "joint", "y_shape", "x_shape", "ummkd")] string scheme
    )
    {
        TrainingConfig config = ConfigLoader.Load(
            sets: [.. Small, $"scheme={scheme}", .. network == "three levels" ? ThreeLevels : [$"network.name={network}"]]
        );
        using Device device = Device.OpenCpu();
        using var cpu = new CpuBackend(device, 2);
        Assert.That(Computed(config, cpu, prediction: false), Is.EqualTo(MadeUpWork.StepFlops(config)));
        Assert.That(
            MadeUpWork.StepFlops(config),
            Is.EqualTo(
                NetworkLayers.Of(config).Sum(layer => (layer.ReadsImages ? 2 : 3) * layer.Count * layer.Problem.FlopsWithinImage)
            ),
            "two or three passes of each layer"
        );
        Assert.That(
            Computed(config, cpu, prediction: true),
            Is.EqualTo(config.Training.Batch * NetworkLayers.SampleFlops(config))
        );
    }

    /// <summary>Of a step with more networks than the one that predicts, and with samples of its own.</summary>
    [Test]
    public void Flops_of_two_networks_that_learn_in_turns_are_those_of_their_step()
    {
        TrainingConfig config = ConfigLoader.Load(
            sets:
            [
                "method.name=uagan",
                "network.channels=2",
                "network.halvings=2",
                "data.size=16",
                "training.batch=2",
                "uagan.discriminator_channels=2",
                "uagan.discriminator_layers=2",
            ]
        );
        using Device device = Device.OpenCpu();
        using var cpu = new CpuBackend(device, 2);
        double step = MadeUpWork.StepFlops(config),
            pass = MadeUpData.Modalities * config.Training.Batch * NetworkLayers.SampleFlops(config);
        Assert.That(Computed(config, cpu, prediction: false), Is.EqualTo(step));
        Assert.That(step, Is.GreaterThan(2 * 3 * pass), "both streams run twice, with gradients");
    }

    [Test]
    public void A_step_of_a_classifier_is_that_of_its_samples()
    {
        TrainingConfig config = ConfigLoader.Load(
            sets: ["method.name=adain-kd", "classifier.depth=8", "classifier.width=4", "training.batch=3"]
        ) with
        {
            Data = new DataConfig { Size = 8 },
        };
        using Device device = Device.OpenCpu();
        using var cpu = new CpuBackend(device, 2);
        double three = MadeUpWork.StepFlops(config);
        Assert.That(Computed(config, cpu, prediction: false), Is.EqualTo(three));
        Assert.That(three, Is.EqualTo(3 * MadeUpWork.StepFlops(config with { Training = config.Training with { Batch = 1 } })));
        Assert.That(() => new MadeUpWork(config, cpu, prediction: true), Throws.TypeOf<NotSupportedException>());
    }

    private static double Computed(TrainingConfig config, CpuBackend cpu, bool prediction)
    {
        using var profiling = new ProfilingBackend(cpu);
        using var work = new MadeUpWork(config, profiling, prediction);
        work.Run();
        return profiling.Records.Sum(record => record.Flops);
    }

    [Test]
    public void Every_weight_is_a_convolutions([Values("dilated2d", "unet3d", "three levels")] string network)
    {
        TrainingConfig config = ConfigLoader.Load(
            sets: [.. Small, .. network == "three levels" ? ThreeLevels : [$"network.name={network}"]]
        );
        using Device device = Device.OpenWithoutMemory();
        using ParameterStore parameters = MadeUpData.Volumes(config).BuildNetwork(device).Parameters;
        Assert.That(Weights(NetworkLayers.Of(config)), Is.EqualTo(parameters.Count(ParameterKind.Kernel)));
    }

    [Test]
    public void Levels_count()
    {
        IReadOnlyList<NetworkLayer> layers = NetworkLayers.Of(ConfigLoader.Load(sets: [.. Small, .. ThreeLevels]));
        Assert.That(
            layers.Select(layer => layer.Name),
            Is.EqualTo(
                new[]
                {
                    "enc1_1 1->4 1x3x3 at 8x16x16",
                    "enc1_2 4->8 1x3x3 at 8x16x16",
                    "enc2_1 8->8 3x3x3 at 8x8x8",
                    "enc2_2 8->16 3x3x3 at 8x8x8",
                    "enc3_1 16->16 3x3x3 at 4x4x4",
                    "enc3_2 16->32 3x3x3 at 4x4x4",
                    "deconv2 32->16 1x3x3 transposed at 4x4x4",
                    "dec2_1 part 1 16->16 3x3x3 at 8x8x8",
                    "dec2_1 part 2 16->16 3x3x3 at 8x8x8",
                    "dec2_2 16->16 3x3x3 at 8x8x8",
                    "deconv1 16->16 1x3x3 transposed at 8x8x8",
                    "dec1_1 part 1 16->8 1x3x3 at 8x16x16",
                    "dec1_1 part 2 8->8 1x3x3 at 8x16x16",
                    "dec1_2 8->8 1x3x3 at 8x16x16",
                    "logits 8->5 1x1x1 at 8x16x16",
                }
            )
        );
        Assert.That(
            layers.Select(layer => (layer.ReadsImages, layer.Accumulates, layer.IsTransposed)),
            Is.EqualTo(
                layers.Select(layer =>
                    (
                        layer.Name.StartsWith("enc1_1", StringComparison.Ordinal),
                        layer.Name.Contains("part 2", StringComparison.Ordinal),
                        layer.Name.StartsWith("deconv", StringComparison.Ordinal)
                    )
                )
            )
        );
    }

    /// <summary>A network that the program does not know, larger than any memory.</summary>
    [Test]
    public void Any_network_is_listed()
    {
        var network = new NetworkDescription(new NetworkConfig(), SharingName.JointNorm)
        {
            Definition = new Pyramid.Definition(),
        };
        IReadOnlyList<NetworkLayer> layers = NetworkLayers.Of(
            network,
            ModalityIndex.Blocks(2, 1000),
            new Shape(2000, 1, 4096, 8192, 3),
            classes: 5
        );
        Assert.That(
            layers.Select(layer => (layer.Name, layer.Count, layer.ReadsImages, layer.Problem.Batch)),
            Is.EqualTo(
                new[]
                {
                    ("stem 3->64 3x3 stride 2x2 at 2048x4096", 1, true, 2000),
                    ("branches dilated 1x6 64->64 3x3 at 1024x2048", 1, false, 2000),
                    ("branches dilated 1x12 64->64 3x3 at 1024x2048", 2, false, 2000),
                    ("out 64->5 1x1 at 1024x2048", 1, false, 2000),
                }
            )
        );
    }

    private static double Weights(IEnumerable<NetworkLayer> layers) =>
        layers.Sum(layer =>
            (double)layer.Count * layer.Problem.Kernel.Count * layer.Problem.InputChannels * layer.Problem.OutputChannels
        );

    /// <summary>Pools the images, which nobody wants the gradient of, and reads them with several dilations.</summary>
    private sealed class Pyramid(ParameterStore store, int channels, int classes) : ISegmentationNetwork
    {
        private readonly Conv stem = Conv(store, "stem.conv", channels, 64, 3, stride: Size3.Planar(2));
        private readonly Conv[] branches =
        [
            .. new[] { 6, 12, 12 }.Select(
                (dilation, i) => Conv(store, $"branches.{i}", 64, 64, 3, dilation: new Size3(1, 1, dilation))
            ),
        ];
        private readonly Conv read = Conv(store, "out", 64, classes, 1);

        public ParameterStore Parameters { get; } = store;

        public int InputChannels { get; } = channels;

        public int Classes { get; } = classes;

        public Size3 Multiple => Size3.Planar(4);

        public Variable Forward(ForwardContext context, Variable images, FeatureTaps? taps = null)
        {
            Variable pooled = context.Tape.AveragePool(
                    new PoolingProblem(images.Shape, Size3.Planar(2), Size3.Planar(2)),
                    images
                ),
                x = stem.Forward(context, pooled);
            Variable sum = branches.Select(branch => branch.Forward(context, x)).Aggregate(context.Tape.Add);
            return read.Forward(context, sum);
        }

        private static Conv Conv(
            ParameterStore store,
            string name,
            int inputs,
            int outputs,
            int size,
            Size3? stride = null,
            Size3? dilation = null
        ) => new(store, name, inputs, outputs, Size3.Planar(size), Initializer.Normal(0.01), stride, dilation);

        public sealed class Definition : NetworkDefinition
        {
            public override bool IsVolumetric => false;

            public override Size3 MultipleOf(NetworkConfig settings) => Size3.Planar(4);

            public override ISegmentationNetwork Build(
                ParameterStore store,
                int inputChannels,
                int classes,
                NormalizationSettings normalization,
                NetworkDescription description
            ) => new Pyramid(store, inputChannels, classes);
        }
    }
}
