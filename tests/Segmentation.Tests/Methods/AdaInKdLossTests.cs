using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.AdaInKd;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

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
        var known = FeatureStatistics.Of(tape, features);
        var learnt = FeatureStatistics.Of(tape, Input(tape, student));
        Assert.That(
            AdaInKdLoss.Difference(tape, learnt, known).Value.ToArray<double>(),
            Is.EqualTo(new[] { difference }).Within(1e-12)
        );
        Assert.That(
            FeatureStatistics.Transfer(tape, features, known, learnt).Value.ToArray<double>(),
            Is.EqualTo(transferred).Within(1e-12)
        );
    }

    [Test]
    public void Modalities_differ_by_the_means_of_their_samples_statistics()
    {
        const int samples = 4;
        double[] means = Numbers(samples * Channels),
            deviations = Numbers(samples * Channels);
        int[][] modalities =
        [
            [0],
            [1, 2],
            [3],
        ];
        double expected = 0;
        foreach ((int a, int b) in new[] { (0, 1), (0, 2), (1, 2) })
        {
            for (int c = 0; c < Channels; c++)
            {
                foreach (double[] statistic in new[] { means, deviations })
                {
                    double difference = Average(statistic, a, c) - Average(statistic, b, c);
                    expected += difference * difference / Channels / 3;
                }
            }
        }

        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable between = AdaInKdLoss.Between(tape, (OfSamples(means), OfSamples(deviations)), new ModalityIndex(3, 0, 1, 1, 2));
        Assert.That(between.Value.ToArray<double>(), Is.EqualTo(new[] { expected }).Within(1e-12));

        double Average(double[] statistic, int modality, int c) =>
            modalities[modality].Average(sample => statistic[(sample * Channels) + c]);

        Variable OfSamples(double[] values) => tape.Input(Tensor.From<double>(device, new Shape(samples, Channels), values));
    }

    [Test]
    public void Equal_statistics_give_identity_no_loss_and_no_gradient()
    {
        double[] values = Numbers(Samples * Positions * Channels);
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable student = tape.Input(Tensor.From<double>(device, Features, values), requiresGradient: true),
            features = Input(tape, values);
        var known = FeatureStatistics.Of(tape, features);
        var learnt = FeatureStatistics.Of(tape, student);
        Variable transferred = FeatureStatistics.Transfer(tape, features, known, learnt),
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
            Variable transferred = FeatureStatistics.Transfer(
                tape,
                features,
                FeatureStatistics.Of(tape, features),
                FeatureStatistics.Of(tape, leaf)
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

    /// <summary>
    /// A U-Net judges at the bottleneck and behind a skip connection: nothing where the student's statistics are its own, and the
    /// gradient of central differences elsewhere.
    /// </summary>
    [Test]
    public void The_verdict_of_a_frozen_unet_is_zero_at_its_own_statistics_and_has_their_gradient(
        [Values("enc2", "dec1")] string name
    )
    {
        var norm = new NormalizationSettings(NormalizationKind.Batch, Modalities: 1, Decay: 0.9, Epsilon: 1e-5, Slope: 0.01);
        using var store = new ParameterStore(device, DType.Float64, seed: 5);
        var network = new UNet3D(store, 1, 2, 1, norm, new UNetLevels([Size3.Planar(3), Size3.Planar(3)], [Size3.Planar(2)]));
        foreach (Parameter parameter in store.All)
        {
            // Of the size that learnt kernels have: the initial ones leave hardly any logits.
            if (parameter.Kind == ParameterKind.Kernel)
                parameter.Value.Load<double>([.. Numbers((int)parameter.Value.Count).Select(value => value / 4)]);
            parameter.Variable.RequiresGradient = false;
        }

        TrainingConfig config = ConfigLoader.Load(
            sets: ["method.name=adain-kd", "method.task=volumes", "network.name=unet3d", $"adain.stages={name}"]
        );
        var comparison = new StatisticsComparison(backend, network, network, config);
        Assert.That(comparison.Optimizers, Is.Empty, "as many channels need no adaptors");
        double[] images = Numbers(Samples * 16);
        NetworkStage stage = network.Stages.Single(stage => stage.Name == name);
        double[] known = [];
        var shape = new Shape(1);
        Losses([], (features, _) => (known, shape) = (features.Value.ToArray<double>(), features.Shape));
        (double statistics, double adaptive) = Losses(
            known,
            (_, gradient) => Assert.That(gradient, Has.All.EqualTo(0).Within(1e-12))
        );
        Assert.That(statistics, Is.EqualTo(0).Within(1e-24));
        Assert.That(adaptive, Is.EqualTo(0).Within(1e-24));

        double[] student = Numbers(known.Length),
            learnt = [];
        Losses(student, (_, gradient) => learnt = gradient);
        const double step = 1e-5;
        double[] expected =
        [
            .. student.Select(
                (_, i) =>
                    (
                        Sum([.. student.Select((v, j) => i == j ? v + step : v)])
                        - Sum([.. student.Select((v, j) => i == j ? v - step : v)])
                    ) / (2 * step)
            ),
        ];
        Assert.That(learnt.Select(Math.Abs).Max(), Is.GreaterThan(1e-3));
        Assert.That(learnt, Is.EqualTo(expected).Within(1e-6));

        double Sum(double[] features) => Losses(features) is var (one, other) ? one + other : 0;

        (double Statistics, double Adaptive) Losses(double[] features, Action<Variable, double[]>? take = null)
        {
            using TensorScope scope = TensorScope.Open(device);
            FeatureTaps ours = comparison.TapsOfStudent(),
                theirs = comparison.TapsOfTeacher();
            var looking = new Tape(backend, recording: false);
            Variable own = network.Forward(
                new ForwardContext(looking),
                looking.Input(Tensor.From<double>(device, new Shape(Samples, 1, 4, 4, 1), images)),
                theirs
            );
            if (features.Length == 0)
            {
                take?.Invoke(theirs[stage].Features, []);
                return default;
            }

            var pass = new ForwardContext(new Tape(backend));
            Variable leaf = pass.Tape.Input(Tensor.From<double>(device, shape, features), requiresGradient: true);
            ours.Leave(stage, leaf, []);
            IReadOnlyList<WeightedLoss> losses = comparison.Losses(
                pass,
                ours,
                theirs,
                own,
                output => network.ForwardFrom(pass, output),
                _ => throw new InvalidOperationException("the verdict is on logits")
            );
            double[] values = [.. losses.Select(loss => loss.Value.Value.ToArray<double>()[0])];
            if (take is not null)
            {
                pass.Tape.Backward(pass.Tape.Add(losses[0].Value, losses[1].Value));
                take(leaf, leaf.Gradient!.ToArray<double>());
            }

            return (values[0], values[1]);
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
