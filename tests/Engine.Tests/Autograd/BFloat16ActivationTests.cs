using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Autograd;

/// <summary>What is stored as bfloat16 in that precision, and that gradients are stored as what they are of.</summary>
internal sealed class BFloat16ActivationTests
{
    private static readonly Shape Images = new(2, 1, 4, 4, 8);
    private static readonly ModalityIndex Modality = new(2, 0, 1);
    private static readonly DropoutMask Mask = new(0.5, 1, 2);

    private readonly Device device = Device.OpenCpu();
    private CpuBackend backend = null!;
    private ParameterStore store = null!;
    private TensorScope scope = null!;

    [SetUp]
    public void Open()
    {
        backend = new CpuBackend(device, threads: 1, bfloat16: true);
        store = new ParameterStore(device, DType.Float32, 1);
        scope = TensorScope.Open(device);
    }

    [TearDown]
    public void Close()
    {
        scope.Dispose();
        store.Dispose();
        backend.Dispose();
    }

    [OneTimeTearDown]
    public void CloseDevice() => device.Dispose();

    [Test]
    public void A_layer_stores_results_as_the_backend_says([Values] bool bfloat16, [Values] bool training, [Values] bool asked)
    {
        using var other = new CpuBackend(device, threads: 1, bfloat16: bfloat16);
        var context = new ForwardContext(new Tape(other), Modality, training);
        Variable x = context.Tape.Input(Filled(Images, 1), requiresGradient: true);
        Conv conv = Convolution("c", asked);
        var transposed = new TransposedConv(
            store,
            "t",
            8,
            8,
            Size3.Planar(3),
            new Size3(1, 2, 2),
            Initializer.Normal(0.1),
            storesActivation: asked
        );
        var norm = new ModalityNorm(store, "n", 8, new NormalizationSettings());
        OutputStatistics? statistics = norm.RequestStatistics(context, conv.OutputShape(Images), DropoutMask.None);
        Variable y = conv.Forward(context, norm.Prepare(context, x, DropoutMask.None), x, statistics);
        DType expected = bfloat16 && asked ? DType.BFloat16 : DType.Float32;
        Assert.That(y.DType, Is.EqualTo(expected));
        Assert.That(conv.Forward(context, x).DType, Is.EqualTo(expected), "of what is not normalized");
        Assert.That(transposed.Forward(context, x).DType, Is.EqualTo(expected), "transposed");
        Assert.That(norm.Forward(context, y, DropoutMask.None).DType, Is.EqualTo(DType.Float32), "normalized");
    }

    [Test]
    public void Kernels_of_each_modality_leave_the_same_type()
    {
        using var shared = new ParameterStore(device, DType.Float32, 1, new ParameterSharing(2, _ => true));
        var conv = new Conv(shared, "c", 8, 8, Size3.Planar(3), Initializer.Normal(0.1), storesActivation: true);
        var norm = new ModalityNorm(shared, "n", 8, new NormalizationSettings());
        var context = new ForwardContext(new Tape(backend), Modality, Training: true);
        Variable x = context.Tape.Input(Filled(Images, 1), requiresGradient: true),
            y = conv.Forward(context, x),
            z = norm.Forward(context, y, DropoutMask.None);
        Assert.That(y.DType, Is.EqualTo(DType.BFloat16));
        context.Tape.Backward(context.Tape.Sum(context.Tape.Multiply(z, z)));
        Assert.That(x.Gradient!.DType, Is.EqualTo(DType.Float32));
        Assert.That(shared.Trainable.Select(p => p.Variable.Gradient!.DType), Has.All.EqualTo(DType.Float32));
        ClearAll(shared, x);
    }

    /// <summary>A residual block whose branch is stored as bfloat16: gradients beside those of float32.</summary>
    [Test]
    public void Gradients_of_a_block_are_those_of_float32_but_for_roundings([Values(0.5, 1)] double keep)
    {
        using var plain = new CpuBackend(device, threads: 1);
        (Dictionary<string, float[]> rounded, DType[] types) = BlockGradients(backend, keep);
        (Dictionary<string, float[]> expected, DType[] plainTypes) = BlockGradients(plain, keep);
        Assert.That(types, Is.EqualTo(new[] { DType.BFloat16, DType.BFloat16 }), "gradients of both convolutions' results");
        Assert.That(plainTypes, Has.All.EqualTo(DType.Float32));
        foreach ((string name, float[] values) in expected)
        {
            double size = Math.Sqrt(values.Sum(v => (double)v * v)),
                apart = Math.Sqrt(values.Zip(rounded[name], (a, b) => Math.Pow((double)a - b, 2)).Sum());
            // Some ten roundings of 2^-9 lie between the loss and the first weights.
            Assert.That(apart, Is.Positive.And.LessThan(0.03 * size), name);
        }
    }

    /// <summary>As skip connections are read: the sum of two gradients is rounded once more, as each of them was.</summary>
    [Test]
    public void Gradients_of_several_readers_add_up()
    {
        NormalizationProblem problem = Problem();
        float[] once = Gradient(readers: 1),
            twice = Gradient(readers: 2);
        Assert.That(twice, Is.EqualTo(once.Select(v => 2 * v)), "doubling changes the exponent only");

        float[] Gradient(int readers)
        {
            var tape = new Tape(backend);
            Variable x = tape.Input(Filled(Images, 3), requiresGradient: true),
                stored = tape.Convert(x, DType.BFloat16),
                gamma = new(Filled(problem.AffineShape, 4)),
                beta = new(Filled(problem.AffineShape, 5));
            Variable loss = Enumerable
                .Range(0, readers)
                .Select(_ =>
                {
                    Variable y = tape.Normalize(problem, stored, gamma, beta);
                    return tape.Sum(tape.Multiply(y, y));
                })
                .Aggregate(tape.Add);
            tape.Backward(loss);
            float[] gradient = x.Gradient!.ToArray<float>();
            x.ClearGradient();
            return gradient;
        }
    }

    [Test]
    public void A_gradient_of_another_type_is_refused()
    {
        var tape = new Tape(backend);
        Variable x = tape.Input(Filled(Images, 1), requiresGradient: true);
        Variable y = tape.Record(
            "wrong",
            Filled(new Shape(), 1),
            [x],
            (_, _) => [new Variable(Tensor.Allocate(device, Images, DType.BFloat16))]
        );
        Assert.That(() => tape.Backward(y), Throws.InvalidOperationException.With.Message.Contains("gradient of BFloat16"));
    }

    [Test]
    public void A_bias_has_a_gradient_of_its_own_type()
    {
        var conv = new Conv(store, "b", 8, 8, Size3.One, Initializer.Normal(0.1), hasBias: true, storesActivation: true);
        var context = new ForwardContext(new Tape(backend), Modality, Training: true);
        Variable x = context.Tape.Input(Filled(Images, 1)),
            y = conv.Forward(context, x);
        context.Tape.Backward(context.Tape.Sum(context.Tape.Convert(y, DType.Float32)));
        Parameter bias = store.Trainable.Single(p => p.Name == "b.bias");
        Assert.That(bias.Variable.Gradient!.ToArray<float>(), Has.All.EqualTo(Images.Count / 8f));
        ClearAll(store);
    }

    private (Dictionary<string, float[]> Gradients, DType[] Types) BlockGradients(Backend computes, double keep)
    {
        using var own = new ParameterStore(device, DType.Float32, 2);
        var tape = new Tape(computes);
        var context = new ForwardContext(tape, Modality, Training: true);
        Conv first = Convolution("c1", true, own),
            second = Convolution("c2", true, own);
        ModalityNorm normOfInput = new(own, "n1", 8, new NormalizationSettings()),
            normOfInner = new(own, "n2", 8, new NormalizationSettings());
        DropoutMask mask = keep < 1 ? Mask with { Keep = keep } : DropoutMask.None;
        Variable x = tape.Input(Filled(Images, 1), requiresGradient: true);
        OutputStatistics? statistics = normOfInner.RequestStatistics(context, first.OutputShape(Images), mask);
        Variable inner = first.Forward(context, normOfInput.Prepare(context, x, DropoutMask.None), x, statistics),
            branch = second.Forward(context, normOfInner.Prepare(context, inner, mask, statistics), inner),
            y = tape.AddResidual(x, branch, mask);
        Variable loss = tape.Sum(tape.Multiply(y, y));
        DType[] types = [.. tape.Gradients(loss, [inner, branch]).Select(gradient => gradient.DType)];
        tape.Backward(loss);
        var gradients = own.Trainable.ToDictionary(p => p.Name, p => p.Variable.Gradient!.ToArray<float>());
        gradients["x"] = x.Gradient!.ToArray<float>();
        ClearAll(own, x);
        return (gradients, types);
    }

    private static void ClearAll(ParameterStore parameters, params Variable[] leaves)
    {
        parameters.ClearGradients();
        foreach (Variable leaf in leaves)
            leaf.ClearGradient();
    }

    private static NormalizationProblem Problem() =>
        new(Images, NormalizationKind.Batch, Modality, 1, 1e-3, 0.2, DropoutMask.None);

    private Conv Convolution(string name, bool storesActivation, ParameterStore? parameters = null) =>
        new(parameters ?? store, name, 8, 8, Size3.Planar(3), Initializer.Normal(0.1), storesActivation: storesActivation);

    private Tensor Filled(Shape shape, int salt) =>
        Tensor.From<float>(device, shape, [.. GradientCheck.Values(shape, salt).Select(v => (float)v)]);
}
