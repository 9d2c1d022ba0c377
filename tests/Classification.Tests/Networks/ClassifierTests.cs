using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Classification.Tests.Networks;

internal sealed class ClassifierTests
{
    private Device device = null!;
    private CpuBackend backend = null!;
    private TensorScope scope = null!;
    private Tape tape = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, threads: 1);
        scope = TensorScope.Open(device);
        tape = new Tape(backend, recording: false);
    }

    [TearDown]
    public void Close()
    {
        scope.Dispose();
        backend.Dispose();
        device.Dispose();
    }

    /// <summary>
    /// PyTorch's network written out in loops: padding 1 at every stride, shortcuts x[::2, ::2] between zero channels, statistics
    /// of the batch. Odd sizes as well.
    /// </summary>
    [TestCase(8, 8)]
    [TestCase(7, 5)]
    [TestCase(2, 3)]
    public void A_resnet_computes_what_its_definition_says(int height, int width)
    {
        var images = new Shape(2, 1, height, width, 3);
        using var bench = new ClassifierBench(backend, ClassifierBench.Resnet, images, DType.Float64);
        double[] expected = new PlainResNet(bench.Network.Parameters, ClassifierBench.Resnet).Logits(
            images,
            bench.Images(tape).Value.ToArray<double>()
        );
        double[] actual = bench.Logits(tape).Value.ToArray<double>();
        Assert.That(actual, Is.EqualTo(expected).Within(1e-9));
        Assert.That(actual.Distinct().Count(), Is.EqualTo(actual.Length), "logits that differ");
    }

    [Test]
    public void Stages_of_a_resnet_have_their_shapes()
    {
        using var bench = new ClassifierBench(backend, ClassifierBench.Resnet, new Shape(2, 1, 9, 8, 1), DType.Float32);
        Classifier network = bench.Network;
        Assert.That(
            network.Stages.Select(stage => stage.Name),
            Is.EqualTo(new[] { "conv1", "group1", "group2", "group3", "pool", "logits" })
        );
        Assert.That(network.Stages.Select(stage => stage.Channels), Is.EqualTo(new[] { 2, 2, 4, 8, 8, 3 }));
        Assert.That(network.Map, Is.EqualTo(network["group3"]));
        Assert.That(network.Vector, Is.EqualTo(network["pool"]));
        var taps = new FeatureTaps(network.Stages);
        network.Forward(new ForwardContext(tape), bench.Images(tape), taps);
        Assert.That(
            network.Stages.Select(stage => taps[stage].Features.Shape),
            Is.EqualTo(
                new[]
                {
                    new Shape(2, 1, 9, 8, 2),
                    new Shape(2, 1, 9, 8, 2),
                    new Shape(2, 1, 5, 4, 4),
                    new Shape(2, 1, 3, 2, 8),
                    new Shape(2, 8),
                    new Shape(2, 3),
                }
            )
        );
    }

    private static IEnumerable<ClassifierConfig> Networks() =>
        [
            ClassifierBench.Resnet,
            ClassifierBench.Vgg,
            ClassifierBench.PlainVgg,
            ClassifierBench.ResizedVgg,
            ClassifierBench.Densenet,
        ];

    [TestCaseSource(nameof(Networks))]
    public void A_pass_goes_on_from_every_stage_to_the_same_logits(ClassifierConfig settings)
    {
        using var bench = new ClassifierBench(backend, settings, new Shape(2, 1, 8, 8, 3), DType.Float32);
        Classifier network = bench.Network;
        var context = new ForwardContext(tape);
        float[] expected = bench.Logits(tape, training: false).Value.ToArray<float>();
        var taps = new FeatureTaps(network.Stages);
        Assert.That(network.Forward(context, bench.Images(tape), taps).Value.ToArray<float>(), Is.EqualTo(expected));
        foreach (NetworkStage stage in network.Stages.SkipLast(1))
        {
            float[] features = taps[stage].Features.Value.ToArray<float>();
            Assert.That(network.ForwardTo(context, bench.Images(tape), stage).Value.ToArray<float>(), Is.EqualTo(features));
            Assert.That(network.ForwardFrom(context, taps[stage]).Value.ToArray<float>(), Is.EqualTo(expected), stage.Name);
        }
    }

    [Test]
    public void Images_are_resized_before_all_else_but_those_of_the_right_size_stay_as_they_are()
    {
        using var resized = new ClassifierBench(backend, ClassifierBench.ResizedVgg, new Shape(2, 1, 7, 9, 3), DType.Float32);
        using var fitting = new ClassifierBench(backend, ClassifierBench.ResizedVgg, new Shape(2, 1, 6, 6, 3), DType.Float32);
        using var plain = new ClassifierBench(backend, ClassifierBench.PlainVgg, new Shape(2, 1, 6, 6, 3), DType.Float32);
        using var resize = new BilinearResize(device, (7, 9), (6, 6), DType.Float32);
        var context = new ForwardContext(tape);
        Assert.That(
            resized.Logits(tape, training: false).Value.ToArray<float>(),
            Is.EqualTo(plain.Network.Forward(context, resize.Forward(tape, resized.Images(tape))).Value.ToArray<float>())
        );
        Assert.That(
            fitting.Logits(tape, training: false).Value.ToArray<float>(),
            Is.EqualTo(plain.Logits(tape, training: false).Value.ToArray<float>())
        );
    }

    /// <summary>What stage 1 of MLIC-KD-WSD does: regions, more of them than images, take the place of the pooled map.</summary>
    [Test]
    public void Hidden_layers_take_regions_in_the_place_of_images()
    {
        using var bench = new ClassifierBench(backend, ClassifierBench.Vgg, new Shape(1, 1, 8, 8, 3), DType.Float32);
        Classifier network = bench.Network;
        var context = new ForwardContext(tape);
        float[] image = network.ForwardTo(context, bench.Images(tape), network["pool"]).Value.ToArray<float>();
        Variable regions = tape.Input(
            Tensor.From<float>(device, new Shape(2, 1, 2, 2, network.Map.Channels), [.. image, .. image.Select(v => 2 * v)])
        );
        var taps = new FeatureTaps(network["fc7"]);
        float[] logits = network.ForwardFrom(context, new StageOutput(network["pool"], regions), taps).Value.ToArray<float>();
        Assert.That(logits[..3], Is.EqualTo(bench.Logits(tape, training: false).Value.ToArray<float>()));
        Assert.That(logits[3..].Zip(logits, (other, first) => other != first), Has.Some.True);
        Assert.That(taps[network["fc7"]].Features.Shape, Is.EqualTo(new Shape(2, 5)));
        Variable hidden = network.ForwardFrom(context, new StageOutput(network["pool"], regions), null, network["fc7"]);
        Assert.That(hidden.Value.ToArray<float>(), Is.EqualTo(taps[network["fc7"]].Features.Value.ToArray<float>()));
    }

    [Test]
    public void Dropout_acts_on_hidden_layers_in_training_only()
    {
        using var bench = new ClassifierBench(
            backend,
            ClassifierBench.Vgg with
            {
                Hidden = 64,
            },
            new Shape(1, 1, 8, 8, 1),
            DType.Float32
        );
        NetworkStage hidden = bench.Network["fc6"];
        float[] kept = Hidden(training: false),
            dropped = Hidden(training: true);
        Assert.That(kept.Count(v => v > 0), Is.GreaterThan(0));
        Assert.That(dropped, Is.Not.EqualTo(kept));

        float[] Hidden(bool training)
        {
            var context = new ForwardContext(tape, Training: training, Seed: 3);
            return bench.Network.ForwardTo(context, bench.Images(tape), hidden).Value.ToArray<float>();
        }
    }

    [TestCaseSource(nameof(Networks))]
    public void An_image_of_one_pixel_passes(ClassifierConfig settings)
    {
        using var bench = new ClassifierBench(backend, settings with { Hidden = 0 }, new Shape(1, 1, 1, 1, 1), DType.Float32);
        Assert.That(bench.Logits(tape, training: false).Value.ToArray<float>(), Has.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void A_map_that_a_grid_does_not_divide_is_refused()
    {
        using var bench = new ClassifierBench(backend, ClassifierBench.Vgg, new Shape(1, 1, 12, 12, 1), DType.Float32);
        Assert.That(
            () => bench.Logits(tape),
            Throws.ArgumentException.With.Message.Contains("3x3").And.Message.Contains("network.grid")
        );
    }

    [Test]
    public void Images_of_other_channels_are_refused()
    {
        using var bench = new ClassifierBench(backend, ClassifierBench.Resnet, new Shape(1, 1, 4, 4, 1), DType.Float32);
        Variable images = tape.Input(new Shape(1, 1, 4, 4, 3), new float[48]);
        Assert.That(
            () => bench.Network.Forward(new ForwardContext(tape), images),
            Throws.ArgumentException.With.Message.Contains("(batch, 1, height, width, 1)")
        );
    }

    [Test]
    public void A_stage_that_is_not_there_is_refused_with_those_that_are()
    {
        using var bench = new ClassifierBench(backend, ClassifierBench.Resnet, new Shape(1, 1, 4, 4, 1), DType.Float32);
        Assert.That(
            () => bench.Network["group4"],
            Throws.TypeOf<KeyNotFoundException>().With.Message.Contains("conv1, group1, group2, group3, pool, logits")
        );
    }

    /// <summary>Variance 2 / inputs: 9 * 64 for the last convolutions of a network of that width.</summary>
    [Test]
    public void Kernels_begin_as_He_has_it()
    {
        using var store = new ParameterStore(device, DType.Float32, seed: 4);
        ClassifierConfig settings = new() { Depth = 8, Width = 16 };
        _ = ClassifierDefinition.Of(settings).Build(store, 3, 10, settings);
        float[] kernel = store["group3.block1.conv2.kernel"].Value.ToArray<float>();
        Assert.That(kernel.Average(), Is.EqualTo(0).Within(0.002));
        Assert.That(Math.Sqrt(kernel.Average(w => w * w)), Is.EqualTo(Math.Sqrt(2.0 / (9 * 64))).Within(0.001));
    }
}
