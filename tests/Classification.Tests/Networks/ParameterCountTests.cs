using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Classification.Tests.Networks;

internal sealed class ParameterCountTests
{
    /// <summary>
    /// ResNets: those of the widely used PyTorch code for CIFAR (github.com/akamaster/pytorch_resnet_cifar10), but that of depth
    /// 8, which is counted by hand. DenseNets: 0.8 M of the paper's table at depth 100, and the common form of 121 for 32x32
    /// images.
    /// </summary>
    [TestCase(ClassifierName.Resnet, 8, 16, 10, 75_290)]
    [TestCase(ClassifierName.Resnet, 20, 16, 10, 269_722)]
    [TestCase(ClassifierName.Resnet, 32, 16, 10, 464_154)]
    [TestCase(ClassifierName.Resnet, 56, 16, 10, 853_018)]
    [TestCase(ClassifierName.Resnet, 110, 16, 10, 1_727_962)]
    [TestCase(ClassifierName.Densenet, 100, 12, 10, 769_162)]
    [TestCase(ClassifierName.Densenet, 121, 32, 10, 6_956_298)]
    public void Small_images_have_the_known_numbers(ClassifierName name, int depth, int width, int classes, long expected) =>
        Assert.That(
            Count(
                new ClassifierConfig
                {
                    Name = name,
                    Depth = depth,
                    Width = width,
                },
                classes
            ),
            Is.EqualTo(expected)
        );

    /// <summary>Simonyan and Zisserman 2015, table 2: 138 and 144 million; the exact numbers are Caffe's and PyTorch's.</summary>
    [TestCase(11, 132_863_336)]
    [TestCase(13, 133_047_848)]
    [TestCase(16, 138_357_544)]
    [TestCase(19, 143_667_240)]
    public void Vgg_has_the_published_numbers(int depth, long expected) =>
        Assert.That(
            Count(
                new ClassifierConfig
                {
                    Name = ClassifierName.Vgg,
                    Depth = depth,
                    Width = 64,
                    Hidden = 4096,
                    BatchNorm = false,
                },
                1000
            ),
            Is.EqualTo(expected)
        );

    /// <summary>Three blocks of two convolutions with 16, 32 and 64 channels, counted by hand.</summary>
    [Test]
    public void The_small_vgg_has_what_its_layers_have() =>
        Assert.That(
            Count(
                new ClassifierConfig
                {
                    Name = ClassifierName.Vgg,
                    Depth = 9,
                    Hidden = 128,
                    Grid = 4,
                },
                6
            ),
            Is.EqualTo(
                (9 * ((3 * 16) + (16 * 16) + (16 * 32) + (32 * 32) + (32 * 64) + (64 * 64)))
                    + (2 * 2 * (16 + 32 + 64))
                    + (4 * 4 * 64 * 128)
                    + 128
                    + (128 * 128)
                    + 128
                    + (128 * 6)
                    + 6
            )
        );

    [TestCase(ClassifierName.Resnet, 21, "6n+2")]
    [TestCase(ClassifierName.Vgg, 12, "9, 11, 13, 16, 19")]
    [TestCase(ClassifierName.Densenet, 20, "6n+4")]
    public void Depths_that_make_no_network_are_refused(ClassifierName name, int depth, string expected) =>
        Assert.That(
            () => Count(new ClassifierConfig { Name = name, Depth = depth }, 10),
            Throws.TypeOf<UsageException>().With.Message.Contains($"network.depth is {depth}").And.Message.Contains(expected)
        );

    [Test]
    public void An_odd_width_is_refused_where_shortcuts_are_centred() =>
        Assert.That(
            () => Count(new ClassifierConfig { Width = 15 }, 10),
            Throws.TypeOf<UsageException>().With.Message.Contains("network.width is 15")
        );

    private static long Count(ClassifierConfig settings, int classes)
    {
        using Device device = Device.OpenWithoutMemory();
        using var store = new ParameterStore(device, DType.Float32, seed: 1);
        return ClassifierDefinition.Of(settings).Build(store, 3, classes, settings).Parameters.Count();
    }
}
