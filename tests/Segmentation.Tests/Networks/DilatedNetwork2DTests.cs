using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Networks;

internal sealed class DilatedNetwork2DTests
{
    [Test]
    public void Parameter_counts_are_the_papers()
    {
        using Device device = Device.OpenWithoutMemory();
        using var store = new ParameterStore(device, DType.Float32, seed: 1);
        _ = new DilatedNetwork2D(store, slices: 3, classes: 5, features: 16, new NormalizationSettings());
        Assert.That(store.Count(ParameterKind.Kernel), Is.EqualTo(39_302_456));
        Assert.That(store.Count(ParameterKind.Affine), Is.EqualTo(2 * 20_192));
        Assert.That(store.Count(), Is.EqualTo(39_342_840));
        Assert.That(store.Count(ParameterKind.Statistic), Is.EqualTo(2 * 20_192));
        Assert.That(store.All.Count(p => p.Kind == ParameterKind.Kernel), Is.EqualTo(33));
    }

    [Test]
    public void Logits_have_a_plane_per_class_and_do_not_depend_on_the_thread_count()
    {
        float[] one = Logits(1);
        Assert.That(one, Has.Length.EqualTo(2 * 32 * 24 * 4));
        Assert.That(one, Has.All.Matches<float>(float.IsFinite));
        Assert.That(one.Distinct().Count(), Is.GreaterThan(one.Length / 2));
        Assert.That(Logits(2), Is.EqualTo(one));
        Assert.That(Logits(3), Is.EqualTo(one));
    }

    [Test]
    public void A_batch_gives_the_logits_of_its_samples_alone()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var store = new ParameterStore(device, DType.Float32, seed: 3);
        var network = new DilatedNetwork2D(store, 1, 3, 2, new NormalizationSettings());
        float[] images = [.. Enumerable.Range(0, 2 * 16 * 16).Select(i => MathF.Sin(i * 0.37f))];
        float[] together = Infer(network, backend, images, 2, 16, 16, 1, [0, 1]);
        float[] second = Infer(network, backend, images[(16 * 16)..], 1, 16, 16, 1, [1]);
        Assert.That(second, Is.EqualTo(together[(16 * 16 * 3)..]));
    }

    [TestCase(15, 16)]
    [TestCase(16, 12)]
    public void Sizes_that_are_no_multiple_of_eight_are_refused(int height, int width)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using var store = new ParameterStore(device, DType.Float32, seed: 3);
        var network = new DilatedNetwork2D(store, 1, 3, 2, new NormalizationSettings());
        Assert.That(
            () => Infer(network, backend, new float[height * width], 1, height, width, 1, [0]),
            Throws.ArgumentException.With.Message.Contains("divisible by 8")
        );
    }

    /// <summary>
    /// The derivative of the loss along one random direction of all parameters, against a difference quotient, in float64.
    /// </summary>
    [Test]
    public void The_gradient_of_the_whole_network_is_right()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var store = new ParameterStore(device, DType.Float64, seed: 5);
        var network = new DilatedNetwork2D(store, 3, 3, 2, new NormalizationSettings(), keep: 0.75);
        Parameter[] trained = [.. store.Trainable];

        // Initial kernels of deviation 0.01 leave hardly any signal behind 33 layers.
        foreach (Parameter kernel in trained.Where(p => p.Kind == ParameterKind.Kernel))
            kernel.Value.Load<double>([.. kernel.Value.ToArray<double>().Select(w => 10 * w)]);
        double[][] origin = [.. trained.Select(p => p.Value.ToArray<double>())];
        double[][] direction = [.. origin.Select((values, k) => values.Select((_, i) => Math.Sin((i * 0.61) + k)).ToArray())];

        using (TensorScope scope = TensorScope.Open(device))
        {
            var tape = new Tape(backend);
            tape.Backward(Loss(network, tape));
        }

        double along = trained
            .Zip(direction, (p, d) => p.Variable.Gradient!.ToArray<double>().Zip(d, (g, v) => g * v).Sum())
            .Sum();
        double Shifted(double step)
        {
            for (int k = 0; k < trained.Length; k++)
                trained[k].Value.Load<double>([.. origin[k].Zip(direction[k], (o, d) => o + (step * d))]);
            using TensorScope scope = TensorScope.Open(device);
            return Loss(network, new Tape(backend, recording: false)).Value.ToScalar();
        }

        const double step = 1e-7;
        double quotient = (Shifted(step) - Shifted(-step)) / (2 * step);
        Assert.That(along, Is.EqualTo(quotient).Within(1e-4 * Math.Abs(quotient)));
        Assert.That(Math.Abs(quotient), Is.GreaterThan(1e-3));
    }

    /// <summary>
    /// Which modality is called the first is a matter of names: of the loss, and of every gradient but for the order of the
    /// copies.
    /// </summary>
    [Test]
    public void The_modalities_names_do_not_matter([Values] NormalizationKind kind)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var store = new ParameterStore(device, DType.Float64, seed: 5);
        var network = new DilatedNetwork2D(store, 3, 3, 2, new NormalizationSettings(kind, Groups: 2));
        (double loss, double[][] gradients) = Gradients(network, backend, new ModalityIndex(2, 0, 0, 1, 1));
        (double swappedLoss, double[][] swapped) = Gradients(network, backend, new ModalityIndex(2, 1, 1, 0, 0));
        Assert.That(swappedLoss, Is.EqualTo(loss));
        foreach ((Parameter p, double[] a, double[] b) in store.Trainable.Zip(gradients, swapped))
        {
            int half = a.Length / 2;
            Assert.That(b, Is.EqualTo(p.Kind == ParameterKind.Affine ? [.. a[half..], .. a[..half]] : a), p.Name);
        }
    }

    [Test]
    public void A_modality_without_samples_has_no_gradient()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var store = new ParameterStore(device, DType.Float64, seed: 5);
        var network = new DilatedNetwork2D(store, 3, 3, 2, new NormalizationSettings());
        (_, double[][] gradients) = Gradients(network, backend, ModalityIndex.Single(2, 0, 4));
        foreach (
            (Parameter p, double[] gradient) in store
                .Trainable.Zip(gradients)
                .Where(pair => pair.First.Kind == ParameterKind.Affine)
        )
        {
            Assert.That(gradient[(gradient.Length / 2)..], Has.All.Zero, p.Name);
            Assert.That(gradient[..(gradient.Length / 2)], Has.Some.Not.Zero, p.Name);
        }
    }

    private static (double Loss, double[][] Gradients) Gradients(
        DilatedNetwork2D network,
        CpuBackend backend,
        ModalityIndex modality
    )
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        var tape = new Tape(backend);
        Variable loss = Loss(network, tape, modality);
        double value = loss.Value.ToScalar();
        tape.Backward(loss);
        double[][] gradients = [.. network.Parameters.Trainable.Select(p => p.Variable.Gradient!.ToArray<double>())];
        network.Parameters.ClearGradients();
        return (value, gradients);
    }

    private static Variable Loss(DilatedNetwork2D network, Tape tape, ModalityIndex? ofBatch = null)
    {
        ModalityIndex modality = ofBatch ?? ModalityIndex.Blocks(2, 2);
        var shape = new Shape(4, 1, 16, 16, 3);
        Variable images = new(
            Tensor.From<double>(tape.Device, shape, [.. Enumerable.Range(0, (int)shape.Count).Select(i => Math.Sin(i * 0.7))])
        );
        Tensor labels = Tensor.From<byte>(
            tape.Device,
            new Shape(4, 1, 16, 16),
            [.. Enumerable.Range(0, 1024).Select(i => (byte)(i / 5 % 3))]
        );
        Variable logits = network.Forward(new ForwardContext(tape, modality, Training: true, Seed: 4, Step: 2), images);
        return tape.UmmkdLoss(new UmmkdLoss(new LossConfig(), new DistillationConfig()), logits, labels, modality).Loss;
    }

    private static float[] Logits(int threads)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads);
        using var store = new ParameterStore(device, DType.Float32, seed: 2);
        var network = new DilatedNetwork2D(store, 3, 4, 2, new NormalizationSettings());
        return Infer(
            network,
            backend,
            [.. Enumerable.Range(0, 2 * 32 * 24 * 3).Select(i => MathF.Cos(i * 0.11f))],
            2,
            32,
            24,
            3,
            [0, 1]
        );
    }

    private static float[] Infer(
        DilatedNetwork2D network,
        CpuBackend backend,
        float[] images,
        int batch,
        int height,
        int width,
        int slices,
        int[] modalities
    )
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        var context = new ForwardContext(new Tape(backend, recording: false), new ModalityIndex(2, modalities), Training: false);
        return network
            .Forward(
                context,
                new Variable(Tensor.From<float>(backend.Device, new Shape(batch, 1, height, width, slices), images))
            )
            .Value.ToArray<float>();
    }
}
