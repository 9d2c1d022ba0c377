using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Sharing;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Networks;

/// <summary>Features out of a network, and into its midst.</summary>
internal sealed class FeatureTapsTests
{
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

    /// <summary>All stages together are the network, wherever it is entered.</summary>
    [Test]
    public void From_any_stage_on_come_the_same_logits(
        [Values(NetworkName.Dilated2d, NetworkName.Unet3d)] NetworkName name,
        [Values] bool training,
        [Values] bool records
    )
    {
        ISegmentationNetwork network = Build(name);
        using ParameterStore parameters = network.Parameters;
        using TensorScope scope = TensorScope.Open(device);
        Shape shape = ShapeOf(name);
        float[] expected = Logits(context => network.Forward(context, Images(shape)));
        foreach (NetworkStage stage in network.Stages.SkipLast(1))
        {
            var taps = new FeatureTaps(stage);
            float[] tapped = Logits(context => network.Forward(context, Images(shape), taps));
            Assert.That(tapped, Is.EqualTo(expected), $"a tap at {stage.Name}");
            Assert.That(taps[stage].Features.Shape[4], Is.EqualTo(stage.Channels), stage.Name);
            Assert.That(
                Logits(context => network.ForwardFrom(context, taps[stage])),
                Is.EqualTo(expected),
                $"from {stage.Name} on"
            );
        }

        float[] Logits(Func<ForwardContext, Variable> run) =>
            run(new ForwardContext(new Tape(backend, records), ModalityIndex.Blocks(2, 1), training)).Value.ToArray<float>();
    }

    [Test]
    public void The_bottleneck_is_the_widest_stage([Values(NetworkName.Dilated2d, NetworkName.Unet3d)] NetworkName name)
    {
        ISegmentationNetwork network = Build(name);
        using ParameterStore parameters = network.Parameters;
        Assert.That(network.Bottleneck.Channels, Is.EqualTo(network.Stages.Max(stage => stage.Channels)));
    }

    [Test]
    public void A_stage_that_was_not_asked_for_is_named()
    {
        ISegmentationNetwork network = Build(NetworkName.Unet3d);
        using ParameterStore parameters = network.Parameters;
        Assert.That(
            () => new FeatureTaps(network.Stages[0])[network.Bottleneck],
            Throws.TypeOf<KeyNotFoundException>().With.Message.Contains(network.Bottleneck.Name)
        );
    }

    private ISegmentationNetwork Build(NetworkName name) =>
        new NetworkDescription(
            new NetworkConfig
            {
                Name = name,
                Channels = 2,
                DropoutKeep = 1,
            },
            SharingName.JointNorm
        ).Build(device, seed: 3, inputChannels: 1, modalities: 2, classes: 3);

    private static Shape ShapeOf(NetworkName name) =>
        name == NetworkName.Unet3d ? new Shape(2, 8, 8, 16, 1) : new Shape(2, 1, 16, 24, 1);

    private Variable Images(Shape shape) =>
        new(Tensor.From<float>(device, shape, [.. Enumerable.Range(0, (int)shape.Count).Select(i => MathF.Sin(i * 0.7f))]));
}
