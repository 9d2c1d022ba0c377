using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.AdaInKd;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>Statistics and their transfer against the formulas in float64, and the gradient through a frozen network.</summary>
internal sealed class AdaInKdLossTests
{
    private const int Samples = 2,
        Positions = 6,
        Channels = 3;

    private static readonly Shape Features = new(Samples, 1, 2, 3, Channels);

    private System.Random random = null!;
    private Device device = null!;
    private CpuBackend backend = null!;

    [SetUp]
    public void Open()
    {
        random = new System.Random(3);
        device = Device.OpenCpu();
        backend = new CpuBackend(device, 1);
    }

    [TearDown]
    public void Close()
    {
        backend.Dispose();
        device.Dispose();
    }

    [Test]
    public void Difference_and_transfer_are_those_of_their_formulas()
    {
        double[] student = Numbers(Samples * Positions * Channels),
            teacher = Numbers(Samples * Positions * Channels);
        double difference = 0;
        double[] transferred = new double[teacher.Length];
        for (int n = 0; n < Samples; n++)
        {
            for (int c = 0; c < Channels; c++)
            {
                (double meanS, double deviationS) = Statistics(student, n, c);
                (double meanT, double deviationT) = Statistics(teacher, n, c);
                difference +=
                    (((meanS - meanT) * (meanS - meanT)) + ((deviationS - deviationT) * (deviationS - deviationT)))
                    / (Samples * Channels);
                for (int p = 0; p < Positions; p++)
                {
                    int i = (((n * Positions) + p) * Channels) + c;
                    transferred[i] = (deviationS * (teacher[i] - meanT) / deviationT) + meanS;
                }
            }
        }

        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable features = Input(tape, teacher);
        var known = AdaInKdLoss.Statistics(tape, features);
        var learnt = AdaInKdLoss.Statistics(tape, Input(tape, student));
        Assert.That(
            AdaInKdLoss.Difference(tape, learnt, known).Value.ToArray<double>(),
            Is.EqualTo(new[] { difference }).Within(1e-12)
        );
        Assert.That(
            AdaInKdLoss.Transfer(tape, features, known, learnt).Value.ToArray<double>(),
            Is.EqualTo(transferred).Within(1e-12)
        );
    }

    [Test]
    public void Equal_statistics_give_identity_no_loss_and_no_gradient()
    {
        double[] values = Numbers(Samples * Positions * Channels);
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable student = tape.Input(Tensor.From<double>(device, Features, values), requiresGradient: true),
            features = Input(tape, values);
        var known = AdaInKdLoss.Statistics(tape, features);
        var learnt = AdaInKdLoss.Statistics(tape, student);
        Variable transferred = AdaInKdLoss.Transfer(tape, features, known, learnt),
            loss = tape.Add(AdaInKdLoss.Difference(tape, learnt, known), AdaInKdLoss.MeanSquare(tape, transferred, features));
        Assert.That(transferred.Value.ToArray<double>(), Is.EqualTo(values).Within(1e-14));
        Assert.That(loss.Value.ToArray<double>(), Is.EqualTo(new[] { 0.0 }).Within(1e-28));
        tape.Backward(loss);
        Assert.That(student.Gradient!.ToArray<double>(), Has.All.EqualTo(0.0).Within(1e-14));
    }

    /// <summary>
    /// From the student's features through the transfer and the rest of a frozen ResNet, by central differences.
    /// </summary>
    [Test]
    public void The_gradient_through_the_frozen_teacher_is_that_of_finite_differences()
    {
        var model = new ClassifierDescription(["a", "b"], false, new ImageShape(8, 8, 1), [0.5], [0.25])
        {
            Network = new ClassifierConfig { Depth = 8, Width = 2 },
        };
        Classifier network = model.BuildNetwork(device, seed: 5, DType.Float64);
        using ParameterStore parameters = network.Parameters;
        foreach (Parameter parameter in parameters.All)
            parameter.Variable.RequiresGradient = false;
        NetworkStage stage = network["group2"];
        var shape = new Shape(Samples, 1, 4, 4, stage.Channels);
        double[] student = Numbers((int)shape.Count),
            teacher = Numbers((int)shape.Count),
            own = Numbers(Samples * 2);

        double[] gradient = [];
        Loss(student, values => gradient = values);
        double[] expected = new double[student.Length];
        const double step = 1e-5;
        for (int i = 0; i < student.Length; i++)
        {
            double[] up = [.. student],
                down = [.. student];
            (up[i], down[i]) = (up[i] + step, down[i] - step);
            expected[i] = (Loss(up) - Loss(down)) / (2 * step);
        }

        Assert.That(gradient.Select(Math.Abs).Max(), Is.GreaterThan(1e-4));
        Assert.That(gradient, Is.EqualTo(expected).Within(1e-7));
        Assert.That(parameters.All.Select(parameter => parameter.Variable.Gradient), Has.All.Null);

        double Loss(double[] values, Action<double[]>? take = null)
        {
            using TensorScope scope = TensorScope.Open(device);
            var tape = new Tape(backend);
            Variable leaf = tape.Input(Tensor.From<double>(device, shape, values), requiresGradient: true),
                features = tape.Input(Tensor.From<double>(device, shape, teacher));
            Variable transferred = AdaInKdLoss.Transfer(
                tape,
                features,
                AdaInKdLoss.Statistics(tape, features),
                AdaInKdLoss.Statistics(tape, leaf)
            );
            Variable outputs = network.ForwardFrom(new ForwardContext(tape), new StageOutput(stage, transferred)),
                loss = AdaInKdLoss.MeanSquare(tape, outputs, tape.Input(Tensor.From<double>(device, new Shape(Samples, 2), own)));
            double value = loss.Value.ToArray<double>()[0];
            if (take is not null)
            {
                tape.Backward(loss);
                take(leaf.Gradient!.ToArray<double>());
            }

            return value;
        }
    }

    private static (double Mean, double Deviation) Statistics(double[] features, int sample, int channel)
    {
        double[] values =
        [
            .. Enumerable.Range(0, Positions).Select(p => features[(((sample * Positions) + p) * Channels) + channel]),
        ];
        double mean = values.Average();
        return (mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean)) + 1e-5));
    }

    private Variable Input(Tape tape, double[] values) => tape.Input(Tensor.From<double>(device, Features, values));

    private double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (3 * random.NextDouble()) - 1.5)];
}
