using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.MlicKdWsd;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>The method's terms and its detector against the formulas, element by element in float64.</summary>
internal sealed class MlicKdWsdLossTests
{
    private const int Classes = 3;

    private readonly System.Random random = new(11);
    private Device device = null!;
    private CpuBackend backend = null!;

    [OneTimeSetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, 1);
    }

    [OneTimeTearDown]
    public void Close()
    {
        backend.Dispose();
        device.Dispose();
    }

    /// <summary>The last class is on no image; one probability lies below the floor, one above 1 - floor.</summary>
    [Test]
    public void Probabilities_cost_the_binary_cross_entropy_with_a_floor()
    {
        double[] p = [0.3, 0.99995, 0.2, 0.00002, 0.6, 1],
            y = [1, 0, 0, 1, 1, 0];
        double expected = 0;
        double[] gradient = new double[6];
        for (int i = 0; i < p.Length; i++)
        {
            double argument = Math.Max(y[i] == 1 ? p[i] : 1 - p[i], 1e-4);
            expected -= Math.Log(argument) / 2;
            gradient[i] = (y[i] == 1 ? -1 : 1) / argument / 2;
        }

        (double value, double[][] gradients) = Differentiate(
            (tape, inputs) => MlicKdWsdLoss.OfProbabilities(tape, inputs[0], Constant(tape, y, 2, Classes)),
            (p, new Shape(2, Classes))
        );
        Assert.That(value, Is.EqualTo(expected).Within(1e-12));
        Assert.That(gradients[0], Is.EqualTo(gradient).Within(1e-8));
    }

    [Test]
    public void Logits_cost_the_sum_over_classes_and_the_mean_over_images()
    {
        double[] z = Numbers(6),
            t = [1, 0, 0.3, 0, 0.9, 1];
        double expected =
            z.Zip(t, (logit, target) => -(target * Math.Log(Sigmoid(logit))) - ((1 - target) * Math.Log(1 - Sigmoid(logit))))
                .Sum() / 2;
        (double value, double[][] gradients) = Differentiate(
            (tape, inputs) => MlicKdWsdLoss.OfLogits(tape, inputs[0], Constant(tape, t, 2, Classes)),
            (z, new Shape(2, Classes))
        );
        Assert.That(value, Is.EqualTo(expected).Within(1e-12));
        Assert.That(gradients[0], Is.EqualTo(z.Zip(t, (logit, target) => (Sigmoid(logit) - target) / 2)).Within(1e-12));
    }

    [Test]
    public void Features_cost_half_the_squared_distance_of_the_regions_that_are_some()
    {
        double[] student = Numbers(8),
            teacher = Numbers(8);
        double expected = 0;
        double[] gradient = new double[8];
        for (int i = 0; i < 8; i++)
        {
            bool counts = i / 2 != 3;
            expected += counts ? (student[i] - teacher[i]) * (student[i] - teacher[i]) / 6 : 0;
            gradient[i] = counts ? (student[i] - teacher[i]) / 3 : 0;
        }

        (double value, double[][] gradients) = Differentiate(
            (tape, inputs) =>
                MlicKdWsdLoss.OfFeatures(tape, inputs[0], Constant(tape, teacher, 4, 2), Constant(tape, [1, 1, 1, 0], 2, 2)),
            (student, new Shape(4, 2))
        );
        Assert.That(value, Is.EqualTo(expected).Within(1e-12));
        Assert.That(gradients[0], Is.EqualTo(gradient).Within(1e-12));
    }

    /// <summary>
    /// Both softmaxes, their product and its sum, at the temperature of the teacher; images have three regions and one.
    /// </summary>
    [TestCase(1)]
    [TestCase(0.5)]
    public void Scores_are_softmax_over_classes_times_softmax_over_regions(double temperature)
    {
        WeakDetector detector = Detector();
        using ParameterStore network = detector.Network.Parameters,
            head = detector.Head;
        double[] vectors = Numbers(6 * 4),
            mask = [1, 1, 1, 1, 0, 0];
        double[] expected = new double[6 * Classes];
        double[][] ofClasses = [.. vectors.Chunk(4).Select(row => Linear(network, "logits", row, temperature))],
            ofRegions = [.. vectors.Chunk(4).Select(row => Linear(head, "fc8_d", row, temperature))];
        for (int region = 0; region < 6; region++)
        {
            for (int k = 0; k < Classes; k++)
            {
                double amongRegions = Enumerable.Range(region / 3 * 3, 3).Sum(r => mask[r] * Math.Exp(ofRegions[r][k]));
                expected[(region * Classes) + k] =
                    Math.Exp(ofClasses[region][k])
                    / ofClasses[region].Sum(Math.Exp)
                    * (mask[region] * Math.Exp(ofRegions[region][k]) / amongRegions);
            }
        }

        using TensorScope scope = TensorScope.Open(device);
        var pass = new ForwardContext(new Tape(backend));
        RegionBatch regions = Regions(pass.Tape, new double[6 * 5], new double[6], mask, images: 2);
        Variable rows = pass.Tape.Input(Tensor.From<double>(device, new Shape(6, 4), vectors));
        double[] scores = detector.Scores(pass, rows, regions, temperature).Value.ToArray<double>(),
            images = detector.ImageScores(pass, rows, regions, temperature).Value.ToArray<double>();
        Assert.That(scores, Is.EqualTo(expected).Within(1e-12));
        Assert.That(scores.Skip(4 * Classes), Has.All.EqualTo(0.0), "what fills up has no share");
        Assert.That(
            images,
            Is.EqualTo(
                    Enumerable
                        .Range(0, 6)
                        .Select(i => Enumerable.Range(0, 3).Sum(r => expected[(((i / 3 * 3) + r) * Classes) + (i % 3)]))
                )
                .Within(1e-12)
        );
    }

    /// <summary>
    /// From the weights of every layer through region pooling, both softmaxes and the loss, by central differences: images of two
    /// regions, and of one beside what fills up. The map of the smaller ones has one place.
    /// </summary>
    [TestCase(8)]
    [TestCase(4)]
    public void The_gradient_of_the_detector_is_that_of_finite_differences(int side)
    {
        WeakDetector detector = Detector();
        using ParameterStore network = detector.Network.Parameters,
            head = detector.Head;
        double[] pixels = Numbers(2 * side * side),
            last = [side - 1, side - 1],
            corners = [0, 0, 0, side / 2, side / 2, 0, 1, 1, .. last, 1, 0, 0, .. last, 1, 0, 0, 0, 0],
            scores = [1, 0.7, 0.4, 0],
            mask = [1, 1, 1, 0],
            labels = [1, 0, 1, 0, 0, 1];
        Parameter[] parameters = [.. network.Trainable, .. head.Trainable];
        Loss(differentiate: true);
        foreach (Parameter parameter in parameters)
        {
            double[] own = parameter.Value.ToArray<double>(),
                gradient = parameter.Variable.Gradient!.ToArray<double>();
            foreach (int place in new[] { 0, own.Length / 2, own.Length - 1 }.Distinct())
            {
                const double step = 1e-6;
                double up = Shifted(step),
                    down = Shifted(-step);
                Assert.That(gradient[place], Is.EqualTo((up - down) / (2 * step)).Within(2e-7), $"{parameter.Name}[{place}]");

                double Shifted(double by)
                {
                    double[] values = [.. own];
                    values[place] += by;
                    parameter.Value.Load<double>(values);
                    double loss = Loss(differentiate: false);
                    parameter.Value.Load<double>(own);
                    return loss;
                }
            }
        }

        Assert.That(network["block1.conv1.kernel"].Variable.Gradient!.ToArray<double>(), Has.Some.Not.EqualTo(0));

        double Loss(bool differentiate)
        {
            using TensorScope scope = TensorScope.Open(device);
            var pass = new ForwardContext(new Tape(backend));
            RegionBatch regions = Regions(pass.Tape, corners, scores, mask, images: 2);
            Variable images = pass.Tape.Input(Tensor.From<double>(device, new Shape(2, 1, side, side, 1), pixels)),
                found = detector.ImageScores(pass, detector.Vectors(pass, images, regions), regions),
                loss = MlicKdWsdLoss.OfProbabilities(pass.Tape, found, Constant(pass.Tape, labels, 2, Classes));
            double value = loss.Value.ToArray<double>()[0];
            if (differentiate)
                pass.Tape.Backward(loss);
            return value;
        }
    }

    /// <summary>A vgg of two hidden units a layer, without dropout; of poolings by four in all.</summary>
    private WeakDetector Detector() =>
        new(
            new ClassifierDescription(["a", "b", "c"], true, new ImageShape(8, 8, 1), [0.5], [0.25])
            {
                Network = new ClassifierConfig
                {
                    Name = ClassifierName.Vgg,
                    Depth = 9,
                    Width = 2,
                    Hidden = 4,
                    Grid = 2,
                    BatchNorm = false,
                    DropoutKeep = 1,
                },
            },
            device,
            seed: 3,
            DType.Float64
        );

    private RegionBatch Regions(Tape tape, double[] corners, double[] scores, double[] mask, int images) =>
        new(
            tape.Input(new Shape(scores.Length, 5), [.. corners.Select(corner => (float)corner)]).Value,
            Tensor.From<double>(device, new Shape(scores.Length), scores),
            Tensor.From<double>(device, new Shape(images, scores.Length / images), mask)
        );

    private static double[] Linear(ParameterStore store, string name, double[] row, double temperature)
    {
        double[] kernel = store[$"{name}.kernel"].Value.ToArray<double>(),
            bias = store[$"{name}.bias"].Value.ToArray<double>();
        return
        [
            .. bias.Select((b, k) => (b + row.Select((value, i) => value * kernel[(i * bias.Length) + k]).Sum()) / temperature),
        ];
    }

    private (double Value, double[][] Gradients) Differentiate(
        Func<Tape, Variable[], Variable> compute,
        params (double[] Values, Shape Shape)[] inputs
    )
    {
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable[] leaves =
        [
            .. inputs.Select(input => tape.Input(Tensor.From<double>(device, input.Shape, input.Values), requiresGradient: true)),
        ];
        Variable loss = compute(tape, leaves);
        double value = loss.Value.ToArray<double>()[0];
        tape.Backward(loss);
        return (value, [.. leaves.Select(leaf => leaf.Gradient!.ToArray<double>())]);
    }

    private Variable Constant(Tape tape, double[] values, params int[] shape) =>
        tape.Input(Tensor.From<double>(device, new Shape(shape), values));

    private double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (3 * random.NextDouble()) - 1.5)];

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
