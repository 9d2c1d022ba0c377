using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Networks;

/// <summary>The networks of UAGAN.</summary>
internal sealed class TwoStreamUNet2DTests
{
    private static readonly NormalizationSettings Three = new(
        NormalizationKind.Instance,
        Modalities: 3,
        Epsilon: 1e-5,
        Slope: 0.01
    );

    private readonly Device device = Device.OpenCpu();
    private readonly CpuBackend backend;

    public TwoStreamUNet2DTests() => backend = new CpuBackend(device, threads: 2);

    [OneTimeTearDown]
    public void Close()
    {
        backend.Dispose();
        device.Dispose();
    }

    [Test]
    public void Parameter_counts_are_the_published_ones()
    {
        using Device counting = Device.OpenWithoutMemory();
        var streams = new ParameterStore(counting, DType.Float32, seed: 1);
        _ = new TwoStreamUNet2D(streams, classes: 2, features: 64, halvings: 4, keep: 0.5, Three);
        Assert.That(streams.Count(), Is.EqualTo(60_442_755));

        // One stream of it, without the convolutions of attention: 2 (9 c^2 + c) at each level of c channels.
        var one = new ParameterStore(counting, DType.Float32, seed: 1);
        _ = new UNet2D(one, inputChannels: 1, classes: 2, features: 64, halvings: 4, keep: 0.5, Three);
        Assert.That(one.Count(), Is.EqualTo(4_684_224 + 14_157_824 + 18_457_280 - 6_268_800 + 130));
    }

    [TestCase(TargetPlane.Ones)]
    [TestCase(TargetPlane.Image)]
    public void Gradients_of_both_streams_are_those_of_differences(TargetPlane plane)
    {
        using var store = new ParameterStore(device, DType.Float64, seed: 5);
        var network = new TwoStreamUNet2D(store, classes: 3, features: 2, halvings: 2, keep: 1, Three, plane);
        using TensorScope scope = TensorScope.Open(device);
        Tensor images = Images(new Shape(3, 1, 8, 12, 1)),
            weights = Images(new Shape(3, 1, 8, 12, 3), salt: 4);
        Variable loss = Loss(record: true, out Tape tape);
        tape.Backward(loss);
        foreach (Parameter parameter in store.All)
        {
            double[] values = parameter.Value.ToArray<double>(),
                gradient = parameter.Variable.Gradient!.ToArray<double>();
            foreach (int element in new[] { 0, values.Length / 2, values.Length - 1 })
            {
                double difference = (Shifted(1e-5) - Shifted(-1e-5)) / 2e-5;
                Assert.That(
                    gradient[element],
                    Is.EqualTo(difference).Within(1e-6 + (1e-5 * Math.Abs(difference))),
                    $"{parameter.Name} [{element}]"
                );

                double Shifted(double by)
                {
                    double[] shifted = [.. values];
                    shifted[element] += by;
                    parameter.Value.Load<double>(shifted);
                    double value = Loss(record: false, out _).Value.ToScalar();
                    parameter.Value.Load<double>(values);
                    return value;
                }
            }
        }

        Variable Loss(bool record, out Tape recorded)
        {
            recorded = new Tape(backend, record);
            var context = new ForwardContext(recorded, Training: true);
            Variable targets = TwoStreamUNet2D.CodeOf(recorded, new ModalityIndex(3, 2, 0, 0), DType.Float64);
            (Variable logits, Variable translation) = network.Translate(context, recorded.Input(images), targets);
            return recorded.Sum(logits * recorded.Input(weights)) + recorded.Mean(translation * translation);
        }
    }

    [Test]
    public void Segmentation_alone_is_that_of_both_streams()
    {
        using var store = new ParameterStore(device, DType.Float32, seed: 6);
        var network = new TwoStreamUNet2D(store, classes: 2, features: 2, halvings: 1, keep: 0.5, Three);
        using TensorScope scope = TensorScope.Open(device);
        var modalities = new ModalityIndex(3, 0, 2, 1, 1);
        using Tensor images = Tensor.From<float>(
            device,
            new Shape(4, 1, 6, 4, 1),
            [.. Enumerable.Range(0, 96).Select(i => MathF.Sin(i))]
        );
        var context = new ForwardContext(new Tape(backend, recording: false), modalities);
        float[] alone = network.Forward(context, context.Tape.Input(images)).Value.ToArray<float>(),
            both = Translated(modalities),
            others = Translated(new ModalityIndex(3, 1, 1, 1, 1));
        Assert.That(alone, Is.EqualTo(both).Within(1e-5f));
        Assert.That(alone[^12..], Is.EqualTo(others[^12..]).Within(1e-5f), "whose target is the same");
        Assert.That(alone[..48], Is.Not.EqualTo(others[..48]).Within(1e-4f), "attention shows the target to the other stream");

        float[] Translated(ModalityIndex targets) =>
            network
                .Translate(context, context.Tape.Input(images), TwoStreamUNet2D.CodeOf(context.Tape, targets, DType.Float32))
                .Logits.Value.ToArray<float>();
    }

    [TestCase(1, 12, 16)]
    [TestCase(2, 8, 8)]
    [TestCase(1, 8, 10)]
    public void Images_that_cannot_be_halved_so_often_are_refused(int depth, int height, int width)
    {
        using var store = new ParameterStore(device, DType.Float32, seed: 3);
        var network = new UNet2D(store, 1, classes: 2, features: 1, halvings: 3, keep: 1, Three);
        using TensorScope scope = TensorScope.Open(device);
        var images = new Variable(Images(new Shape(1, depth, height, width, 1)));
        Assert.That(
            () => network.Forward(new ForwardContext(new Tape(backend, recording: false)), images),
            Throws.ArgumentException.With.Message.Contains("divisible by 8")
        );
    }

    [Test]
    public void The_smallest_image_of_a_plain_network_has_finite_logits()
    {
        using var store = new ParameterStore(device, DType.Float32, seed: 3);
        var network = new UNet2D(store, 3, classes: 2, features: 1, halvings: 2, keep: 1, Three);
        using TensorScope scope = TensorScope.Open(device);
        using Tensor images = Tensor.From<float>(
            device,
            new Shape(1, 1, 4, 4, 3),
            [.. Enumerable.Range(0, 48).Select(i => (float)i)]
        );
        Variable logits = network.Forward(new ForwardContext(new Tape(backend, recording: false)), new Variable(images));
        Assert.That(logits.Shape, Is.EqualTo(new Shape(1, 1, 4, 4, 2)));
        Assert.That(logits.Value.ToArray<float>(), Has.All.Matches<float>(float.IsFinite));
    }

    private Tensor Images(Shape shape, int salt = 1) =>
        Tensor.From<double>(
            device,
            shape,
            [.. Enumerable.Range(0, (int)shape.Count).Select(i => Math.Sin((1.3 * i) + salt + (0.01 * i * i)))]
        );
}
