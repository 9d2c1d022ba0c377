using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Tests.Training;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

/// <summary>Samples that the device varies are those that the host varies, from the same random numbers.</summary>
internal sealed class DeviceAugmentationTests
{
    private const int Samples = 6;

    private static readonly (AugmentationSettings Settings, SampleShape Shape)[] Cases =
    [
        (new AugmentationSettings(), new SampleShape(32, 32, 3)),
        (AugmentationTests.Strong, new SampleShape(20, 31, 3)),
        (AugmentationTests.Strong, new SampleShape(17, 9, 1, Volumes: 3)),
        (AugmentationTests.Strong, new SampleShape(13, 16, 3, Volumes: 2)),
        (AugmentationTests.Strong, new SampleShape(1, 1, 1)),
        (AugmentationTests.Strong, new SampleShape(12, 11, 1, Depth: 5, Volumes: 2)),
        (new AugmentationSettings { Gamma = 0, Offset = 0 }, new SampleShape(24, 25, 1, Depth: 8)),
    ];

    /// <summary>In the order of operations of the host; only sums over several vectors could be others, and they are
    /// not.</summary>
    [TestCaseSource(nameof(Cases))]
    public void The_processor_gives_the_hosts_bits((AugmentationSettings Settings, SampleShape Shape) one)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        Batch drawn = Draw(one.Shape);
        (float[] images, byte[] labels) = OnDevice(backend, one.Settings, one.Shape, drawn);
        (float[] expected, byte[] expectedLabels) = OnHost(one.Settings, one.Shape, drawn);
        Assert.That(images, Is.EqualTo(expected));
        Assert.That(labels, Is.EqualTo(expectedLabels));
    }

    /// <summary>
    /// Kernels sum in another order and have other functions: a few units in the last place of intensities. Gamma is steep at the
    /// lowest intensity, where less is lost in the image than in its power.
    /// </summary>
    [TestCaseSource(nameof(Cases))]
    public void Kernels_give_the_hosts_samples_but_for_rounding((AugmentationSettings Settings, SampleShape Shape) one)
    {
        using Backend backend = BackendByName.Open("cuda emulated Fp32");
        using Device device = backend.Device;
        Batch drawn = Draw(one.Shape);
        (float[] images, byte[] labels) = OnDevice(backend, one.Settings, one.Shape, drawn);
        (float[] expected, byte[] expectedLabels) = OnHost(one.Settings, one.Shape, drawn);
        Assert.That(images, Is.EqualTo(expected).Within(1e-5));
        Assert.That(labels, Is.EqualTo(expectedLabels));
    }

    [Test]
    public void Nothing_to_vary_leaves_every_bit([Values("cpu", "cuda emulated Fp32")] string name)
    {
        var shape = new SampleShape(20, 31, 3);
        using Backend backend = name == "cpu" ? new CpuBackend(Device.OpenCpu(), 1) : BackendByName.Open(name);
        using Device device = backend.Device;
        Batch drawn = Draw(shape);
        (float[] images, byte[] labels) = OnDevice(backend, AugmentationSettings.None, shape, drawn);
        Assert.That(images, Is.EqualTo(drawn[VariedSamples.Images].Elements<float>()));
        Assert.That(labels, Is.EqualTo(drawn[VariedSamples.Labels].Elements<byte>()));
    }

    /// <summary>Between the numbers that choose a sample and those that vary it, nothing is drawn or left out.</summary>
    [Test]
    public void A_loader_draws_the_same_samples_for_either()
    {
        var source = new SineSource(new SampleShape(18, 15, 3, Volumes: 2));
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        var augmentation = new Augmentation(AugmentationTests.Strong);
        using var onHost = new BatchLoader(new VariedSamples(source, augmentation), 2, seed: 3);
        using var onDevice = new BatchLoader(new SamplesToVary(source, augmentation), 2, seed: 3, threadCount: 2);
        for (int step = 0; step < 3; step++)
        {
            using LoadedBatch expected = onHost.Next();
            using LoadedBatch loaded = onDevice.Next();
            (float[] images, byte[] labels) = Computed(backend, loaded);
            Assert.That(images, Is.EqualTo(expected[VariedSamples.Images].Elements<float>()), $"step {step}");
            Assert.That(labels, Is.EqualTo(expected[VariedSamples.Labels].Elements<byte>()));
            Assert.That(loaded.Origins, Is.EqualTo(expected.Origins));
        }
    }

    private static Batch Draw(SampleShape shape)
    {
        var stream = new PhiloxStream(8, 0, 0, 0);
        var images = new float[Samples * shape.ImageLength];
        for (int i = 0; i < images.Length; i++)
            images[i] = MathF.Sin(i * 0.0137f) + stream.NextUniform(-0.25f, 0.25f);
        var image = new Shape(Samples, shape.Depth, shape.Height, shape.Width, shape.Channels);
        return new Batch(
            ModalityIndex.Single(1, 0, Samples),
            BatchTensor.Of(VariedSamples.Images, image, images),
            BatchTensor.Of(
                VariedSamples.Labels,
                new Shape(image.AsSpan()[..^1]),
                [.. Enumerable.Range(0, Samples * shape.PixelCount).Select(i => (byte)(i % 7 == 0 ? 255 : i % 4 * 2))]
            )
        );
    }

    private static PhiloxStream StreamOf(int sample)
    {
        var stream = new PhiloxStream(0x0123_4567_89AB_CDEF, 5, 0, (uint)sample);
        // As after the choice of a sample: the noise of some begins within a block, and between two.
        for (int i = 0; i < sample; i++)
            stream.NextWord();
        return stream;
    }

    private static (float[] Images, byte[] Labels) OnDevice(
        Backend backend,
        AugmentationSettings settings,
        SampleShape shape,
        Batch batch
    ) => Computed(backend, new DeviceAugmentation(new Augmentation(settings), shape).Vary(batch, StreamOf));

    private static (float[] Images, byte[] Labels) Computed(Backend backend, Batch batch)
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        using PreparedBatch prepared = batch.Prepare(
            backend,
            batch.Tensors.ToDictionary(tensor => tensor.Kind.Name, tensor => tensor.CopyTo(backend.Device))
        );
        prepared.Compute();
        return (prepared.Batch[VariedSamples.Images].ToArray<float>(), prepared.Batch[VariedSamples.Labels].ToArray<byte>());
    }

    private static (float[] Images, byte[] Labels) OnHost(AugmentationSettings settings, SampleShape shape, Batch batch)
    {
        var images = new float[Samples * shape.ImageLength];
        var labels = new byte[Samples * shape.PixelCount];
        for (int sample = 0; sample < Samples; sample++)
        {
            PhiloxStream stream = StreamOf(sample);
            new Augmentation(settings).Apply(
                shape,
                ref stream,
                batch[VariedSamples.Images].Sample<float>(sample),
                batch[VariedSamples.Labels].Sample<byte>(sample),
                images.AsSpan(sample * shape.ImageLength, shape.ImageLength),
                labels.AsSpan(sample * shape.PixelCount, shape.PixelCount)
            );
        }

        return (images, labels);
    }

    private sealed class SineSource(SampleShape shape) : IVolumeSamples
    {
        public IReadOnlyList<Modality> Modalities { get; } = [new("A", 0), new("B", 1)];

        public SampleShape Shape => shape;

        public SampleOrigin Draw(Modality modality, ref PhiloxStream stream, Span<float> image, Span<byte> labels)
        {
            int first = stream.NextIndex(100) + modality.Index;
            for (int i = 0; i < image.Length; i++)
                image[i] = MathF.Sin((first + i) * 0.37f);
            for (int i = 0; i < labels.Length; i++)
                labels[i] = (byte)((first + i) % 5);
            return new SampleOrigin("{0} {1}", modality.Name, first);
        }
    }
}
