using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Uagan;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Losses;

/// <summary>The losses of UAGAN in float64.</summary>
internal sealed class UaganLossTests
{
    private const int Size = 8,
        Samples = 2;

    private readonly Device device = Device.OpenCpu();
    private readonly CpuBackend backend;

    public UaganLossTests() => backend = new CpuBackend(device, threads: 1);

    [OneTimeTearDown]
    public void Close()
    {
        backend.Dispose();
        device.Dispose();
    }

    [Test]
    public void The_discriminator_has_as_many_weights_as_the_published_one()
    {
        using Device counting = Device.OpenWithoutMemory();
        var store = new ParameterStore(counting, DType.Float32, seed: 1);
        _ = new Discriminator(store, size: 128, modalities: 3, channels: 64, depth: 6);
        Assert.That(store.Count(), Is.EqualTo(44_743_616));
    }

    [Test]
    public void Gradients_of_the_penalty_are_those_of_differences()
    {
        using var store = new ParameterStore(device, DType.Float64, seed: 3);
        var discriminator = new Discriminator(store, Size, modalities: 3, channels: 2, depth: 2);
        using TensorScope scope = TensorScope.Open(device);
        Tensor images = Images();
        Variable penalty = Penalty(discriminator, images, out Tape tape);
        Assert.That(penalty.Value.ToScalar(), Is.GreaterThan(0.1));
        tape.Backward(penalty);
        foreach (Parameter parameter in store.All)
        {
            double[] values = parameter.Value.ToArray<double>();
            double[] gradient = parameter.Variable.Gradient?.ToArray<double>() ?? new double[values.Length];
            for (int i = 0; i < values.Length; i++)
            {
                double difference = (Shifted(i, 1e-6) - Shifted(i, -1e-6)) / 2e-6;
                Assert.That(
                    gradient[i],
                    Is.EqualTo(difference).Within(1e-7 + (1e-5 * Math.Abs(difference))),
                    $"{parameter.Name} [{i}]"
                );
            }

            double Shifted(int element, double by)
            {
                double[] shifted = [.. values];
                shifted[element] += by;
                parameter.Value.Load<double>(shifted);
                double value = Penalty(discriminator, images, out _).Value.ToScalar();
                parameter.Value.Load<double>(values);
                return value;
            }
        }
    }

    /// <summary>
    /// Between rectifiers the slope is a chain of transposed convolutions of the constant one, and the penalty's gradients are
    /// those of that chain: no second derivative of anything is needed.
    /// </summary>
    [Test]
    public void The_penalty_and_its_gradients_are_those_of_the_explicit_chain()
    {
        using var store = new ParameterStore(device, DType.Float64, seed: 8);
        var discriminator = new Discriminator(store, Size, modalities: 2, channels: 3, depth: 2);
        using TensorScope scope = TensorScope.Open(device);
        Tensor images = Images();
        Variable penalty = Penalty(discriminator, images, out Tape tape);
        tape.Backward(penalty);

        var chain = new Tape(backend, recording: false);
        Variable x = chain.Input(images);
        Variable[] weights = [.. new[] { "layer1", "layer2", "realness" }.Select(name => store[$"{name}.kernel"].Variable)];
        var problems = new ConvolutionProblem[3];
        var masks = new Variable[2];
        for (int layer = 0; layer < 2; layer++)
        {
            problems[layer] = ConvolutionProblem.Same(x.Shape, weights[layer].Shape, Size3.Planar(2));
            Variable y = chain.Convolve(problems[layer], x, weights[layer], store[$"layer{layer + 1}.bias"].Variable);
            double slope = layer == 0 ? 0.001 : 0.01;
            masks[layer] = Of(y.Shape, [.. y.Value.ToArray<double>().Select(value => value >= 0 ? 1 : slope)]);
            x = chain.Multiply(y, masks[layer]);
        }

        problems[2] = ConvolutionProblem.Same(x.Shape, weights[2].Shape);
        Shape patches = problems[2].OutputShape;
        Variable ones = Of(patches, [.. Enumerable.Repeat(1.0, (int)patches.Count)]);

        // v2 = W3' 1, u2 = m2 v2, v1 = W2' u2, u1 = m1 v1, v0 = W1' u1: the slope.
        Variable v2 = chain.ConvolveBackwardData(problems[2], ones, weights[2]),
            u2 = chain.Multiply(v2, masks[1]),
            v1 = chain.ConvolveBackwardData(problems[1], u2, weights[1]),
            u1 = chain.Multiply(v1, masks[0]),
            v0 = chain.ConvolveBackwardData(problems[0], u1, weights[0]);
        double[] slopes = v0.Value.ToArray<double>(),
            norms = [.. slopes.Chunk(slopes.Length / Samples).Select(sample => Math.Sqrt(sample.Sum(value => value * value)))];
        Assert.That(penalty.Value.ToScalar(), Is.EqualTo(norms.Average(norm => Math.Pow(norm - 1, 2))).Within(1e-10));

        Variable g0 = Of(
                v0.Shape,
                [
                    .. slopes.Select(
                        (value, i) =>
                        {
                            double norm = norms[i / (slopes.Length / Samples)];
                            return 2 * (norm - 1) * value / norm / Samples;
                        }
                    ),
                ]
            ),
            g1 = chain.Multiply(chain.Convolve(problems[0], g0, weights[0]), masks[0]),
            g2 = chain.Multiply(chain.Convolve(problems[1], g1, weights[1]), masks[1]);
        Variable[] expected =
        [
            chain.ConvolveBackwardWeights(problems[0], g0, u1),
            chain.ConvolveBackwardWeights(problems[1], g1, u2),
            chain.ConvolveBackwardWeights(problems[2], g2, ones),
        ];
        foreach ((Variable weight, Variable gradient) in weights.Zip(expected))
            Assert.That(
                weight.Gradient!.ToArray<double>(),
                Is.EqualTo(gradient.Value.ToArray<double>()).Within(1e-9),
                $"weights {weight.Shape}"
            );

        Variable Of(Shape shape, double[] values) => chain.Input(Tensor.From<double>(device, shape, values));
    }

    [Test]
    public void Classification_is_the_mean_cross_entropy()
    {
        using TensorScope scope = TensorScope.Open(device);
        double[] logits = [0.3, -1.2, 2, 1.5, 0.1, -0.4];
        var tape = new Tape(backend);
        Variable loss = UaganLoss.Classification(
            tape,
            tape.Input(Tensor.From<double>(device, new Shape(2, 3), logits)),
            tape.Input(Tensor.From<double>(device, new Shape(2, 3), [0, 1, 0, 1, 0, 0]))
        );
        double expected = (Of([0.3, -1.2, 2], 1) + Of([1.5, 0.1, -0.4], 0)) / 2;
        Assert.That(loss.Value.ToScalar(), Is.EqualTo(expected).Within(1e-12));

        static double Of(double[] values, int label) => Math.Log(values.Sum(Math.Exp)) - values[label];
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(7)]
    public void Rows_go_where_their_keys_are_in_order(int count)
    {
        using TensorScope scope = TensorScope.Open(device);
        float[] keys = [.. Enumerable.Range(0, count).Select(i => (float)(((i * 5) + 3) % 7))],
            places = [.. Enumerable.Range(0, count).Select(i => (float)i)],
            rows = [.. Enumerable.Range(0, 2 * count).Select(i => i + 0.5f)];
        var tape = new Tape(backend);
        float[] permuted = UaganLoss
            .Permute(
                tape,
                tape.Input(new Shape(count), keys),
                tape.Input(new Shape(count), places),
                tape.Input(new Shape(count, 2), rows)
            )
            .Value.ToArray<float>();
        for (int i = 0; i < count; i++)
        {
            int rank = keys.Count(key => key < keys[i]);
            Assert.That(permuted[(2 * i)..(2 * i + 2)], Is.EqualTo(rows[(2 * rank)..(2 * rank + 2)]), $"row {i}");
        }
    }

    private Variable Penalty(Discriminator discriminator, Tensor images, out Tape tape)
    {
        tape = new Tape(backend);
        Variable leaf = tape.Input(images, requiresGradient: true);
        return UaganLoss.GradientPenalty(tape, leaf, discriminator.Forward(new ForwardContext(tape), leaf).Realness);
    }

    private Tensor Images() =>
        Tensor.From<double>(
            device,
            new Shape(Samples, 1, Size, Size, 1),
            [.. Enumerable.Range(0, Samples * Size * Size).Select(i => Math.Sin((1.3 * i) + (0.02 * i * i)))]
        );
}
