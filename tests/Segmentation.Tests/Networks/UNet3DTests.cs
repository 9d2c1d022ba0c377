using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Networks;

internal sealed class UNet3DTests
{
    [Test]
    public void Parameter_counts_are_the_published_ones()
    {
        using Device device = Device.OpenCpu();
        using var store = new ParameterStore(device, DType.Float32, seed: 1);
        _ = new UNet3D(store, 1, classes: 5, features: 16, new NormalizationSettings());
        Assert.That(store.Count(ParameterKind.Kernel) + store.Count(ParameterKind.Bias), Is.EqualTo(2_198_613));
        Assert.That(store.Count(ParameterKind.Affine), Is.EqualTo(2 * 2_976));
        Assert.That(store.Count(), Is.EqualTo(2_204_565));
        Assert.That(store.All.Count(p => p.Name.EndsWith(".gamma", StringComparison.Ordinal)), Is.EqualTo(17));
    }

    [Test]
    public void Logits_do_not_depend_on_the_thread_count()
    {
        float[] one = Logits(1);
        Assert.That(one, Has.Length.EqualTo(2 * 8 * 16 * 24 * 4));
        Assert.That(one, Has.All.Matches<float>(float.IsFinite));
        Assert.That(one.Distinct().Count(), Is.GreaterThan(one.Length / 4));
        Assert.That(Logits(3), Is.EqualTo(one));
    }

    [TestCase(4, 16, 16)]
    [TestCase(8, 12, 16)]
    [TestCase(8, 16, 20)]
    public void Sizes_that_the_pools_do_not_divide_are_refused(int depth, int height, int width)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using var store = new ParameterStore(device, DType.Float32, seed: 3);
        var network = new UNet3D(store, 1, 3, 1, new NormalizationSettings());
        Assert.That(
            () => Infer(network, backend, new Shape(1, depth, height, width, 1), [0]),
            Throws.ArgumentException.With.Message.Contains("divisible by 8x8x8")
        );
    }

    [TestCase(1, 0)]
    [TestCase(2, 1)]
    [TestCase(3, 4)]
    public void Levels_that_make_no_network_are_refused(int kernels, int pools)
    {
        var levels = new UNetLevels([.. Enumerable.Repeat(Size3.Cube(3), kernels)], [.. Enumerable.Repeat(Size3.Cube(2), pools)]);
        if (kernels == pools + 1 && kernels > 1)
            Assert.That(levels.Validate(), Is.SameAs(levels));
        else
            Assert.That(levels.Validate, Throws.ArgumentException.With.Message.Contains("one pool between"));
    }

    [Test]
    public void An_even_kernel_is_refused() =>
        Assert.That(
            new UNetLevels([Size3.Cube(3), Size3.Cube(2)], [Size3.Cube(2)]).Validate,
            Throws.ArgumentException.With.Message.Contains("must be odd")
        );

    /// <summary>
    /// Anisotropic levels, and upsampling that reaches every slice: the derivative of the loss along one random direction of all
    /// parameters, in float64.
    /// </summary>
    [TestCase(true)]
    [TestCase(false)]
    public void The_gradient_of_the_whole_network_is_right(bool published)
    {
        UNetLevels levels = published
            ? UNetLevels.Published
            : new UNetLevels([Size3.Planar(3), Size3.Cube(3), Size3.Cube(1)], [Size3.Planar(2), Size3.Cube(2)], UpsampleDepth: 3);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var store = new ParameterStore(device, DType.Float64, seed: 5);
        var network = new UNet3D(store, 2, 3, 2, new NormalizationSettings(), levels);
        Parameter[] trained = [.. store.Trainable];
        foreach (Parameter kernel in trained.Where(p => p.Kind == ParameterKind.Kernel))
            kernel.Value.Load<double>([.. kernel.Value.ToArray<double>().Select(w => 10 * w)]);
        double[][] origin = [.. trained.Select(p => p.Value.ToArray<double>())];
        double[][] direction = [.. origin.Select((values, k) => values.Select((_, i) => Math.Sin((i * 0.61) + k)).ToArray())];

        double expected = 0;
        using (TensorScope scope = TensorScope.Open(device))
        {
            var tape = new Tape(backend);
            tape.Backward(Loss(network, tape, levels.Multiple));
            for (int k = 0; k < trained.Length; k++)
                expected += trained[k].Variable.Gradient!.ToArray<double>().Zip(direction[k], (g, d) => g * d).Sum();
            store.ClearGradients();
        }

        const double Step = 1e-6;
        double quotient = (LossAt(Step) - LossAt(-Step)) / (2 * Step);
        Assert.That(quotient, Is.EqualTo(expected).Within(1e-5 * Math.Abs(expected)));

        double LossAt(double distance)
        {
            for (int k = 0; k < trained.Length; k++)
                trained[k].Value.Load<double>([.. origin[k].Zip(direction[k], (o, d) => o + (distance * d))]);
            using TensorScope scope = TensorScope.Open(device);
            return Loss(network, new Tape(backend, recording: false), levels.Multiple).Value.ToScalar();
        }
    }

    private static Variable Loss(UNet3D network, Tape tape, Size3 size)
    {
        // Twice the smallest size: a single position per channel would be normalized to exactly zero, where the leaky ReLU has no
        // derivative.
        var shape = new Shape(2, size.Depth, 2 * size.Height, 2 * size.Width, network.InputChannels);
        var images = new Variable(
            Tensor.From<double>(tape.Device, shape, [.. Enumerable.Range(0, (int)shape.Count).Select(i => Math.Sin(i * 0.37))])
        );
        Variable logits = network.Forward(new ForwardContext(tape, new ModalityIndex(2, 0, 1), Training: true), images);
        return tape.Sum(tape.Multiply(logits, logits));
    }

    private static float[] Logits(int threads)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads);
        using var store = new ParameterStore(device, DType.Float32, seed: 2);
        return Infer(new UNet3D(store, 1, 4, 2, new NormalizationSettings()), backend, new Shape(2, 8, 16, 24, 1), [0, 1]);
    }

    private static float[] Infer(UNet3D network, CpuBackend backend, Shape shape, int[] modality)
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        float[] images = [.. Enumerable.Range(0, (int)shape.Count).Select(i => MathF.Sin(i * 0.37f))];
        var context = new ForwardContext(new Tape(backend, recording: false), new ModalityIndex(2, modality), Training: false);
        return network.Forward(context, new Variable(Tensor.From<float>(backend.Device, shape, images))).Value.ToArray<float>();
    }
}
