using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Tests.Training;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>Class prototypes of features: the contrast by its formula, and steps that minimize it.</summary>
internal sealed class ClassPrototypesTests
{
    private const int Modalities = 3,
        Classes = 4,
        Channels = 5;
    private const double Temperature = 0.3;

    private static readonly UmmkdLoss Loss = TrainingBench.Loss(new DistillationConfig { Weight = 0, Floor = false }) with
    {
        Prototypes = new PrototypeConfig { Weight = 0.7, Temperature = 0.2 },
    };

    /// <summary>By central differences; some classes are absent from the batch, some have no prototype yet.</summary>
    [Test]
    public void The_gradient_is_that_of_the_loss()
    {
        var random = new System.Random(3);
        double[]?[][] prototypes = Drawn(random, absent: [(0, 1), (2, 3)]);
        double[]?[][] means = Drawn(random, absent: [(1, 1), (2, 0), (2, 1)]);
        var contrast = new PrototypeContrast(Temperature, means, prototypes);
        Assert.That(contrast.Anchors, Is.EqualTo(4 + 2 + 6 + 4), "by class: pairs of modalities");
        Assert.That(contrast.Loss, Is.EqualTo(Formula(means, prototypes)).Within(1e-12).And.Positive);
        for (int m = 0; m < Modalities; m++)
        {
            for (int c = 0; c < Classes; c++)
            {
                if (means[m][c] is not { } mean)
                {
                    Assert.That(contrast.Gradients[m][c], Is.Empty);
                    continue;
                }

                for (int k = 0; k < Channels; k++)
                {
                    (double value, double step) = (mean[k], 1e-6);
                    mean[k] = value + step;
                    double above = Formula(means, prototypes);
                    mean[k] = value - step;
                    double slope = (above - Formula(means, prototypes)) / (2 * step);
                    mean[k] = value;
                    Assert.That(contrast.Gradients[m][c][k], Is.EqualTo(slope).Within(1e-8), $"{m} {c} {k}");
                }
            }
        }
    }

    [Test]
    public void What_is_nothing_yet_has_no_loss()
    {
        double[]?[][] none = [new double[]?[Classes], new double[]?[Classes]],
            means =

            [
                [
                    [1, 0],
                    null,
                    [0, 0],
                    null,
                ],
                [null, [0, 1], [1, 1], null],
            ];
        Assert.That(new PrototypeContrast(Temperature, means, none).Loss, Is.Zero);
        var alone = new PrototypeContrast(Temperature, means, means);
        Assert.That((alone.Loss, alone.Anchors), Is.EqualTo((0.0, 0)), "no class is in both; a mean of zeros points nowhere");
    }

    /// <summary>The first step compares with the prototypes of its own batch, as constants.</summary>
    [Test]
    public void A_step_follows_the_gradient_of_labels_and_contrast()
    {
        using TrainingBench bench = Bench(new CpuBackend(Device.OpenCpu(), 1, exact: true));
        using var reference = new StepInFloat64();
        NetworkStage stage = reference.Network.Stages[^2];
        reference.RequireSameStep(
            bench,
            [.. reference.Network.Parameters.Trainable],
            (pass, images) =>
            {
                var taps = new FeatureTaps(stage);
                Variable logits = reference.Network.Forward(pass, images, taps);
                Variable labels = pass.Tape.UmmkdLoss(Loss, logits, reference.Map(bench.Labels, logits), bench.Modality).Loss;
                Variable contrast = Contrast(pass.Tape, taps[stage].Features, bench);
                return pass.Tape.Add(labels, pass.Tape.Scale(contrast, Loss.Prototypes!.Weight));
            }
        );
    }

    [TestCase("cuda emulated Fp32")]
    [TestCase("cuda emulated Bf16")]
    public void Replayed_steps_have_the_bits_of_launched_ones(string backend)
    {
        using TrainingBench launched = Bench(BackendByName.Open(backend, records: false)),
            replayed = Bench(BackendByName.Open(backend)),
            processor = Bench(new CpuBackend(Device.OpenCpu(), 1, exact: true));
        for (int step = 1; step <= 3; step++)
        {
            foreach (TrainingBench bench in new[] { launched, replayed, processor })
                bench.Images[0] = step;
            LossReport expected = launched.Step(step);
            Assert.That(replayed.Step(step).Terms, Is.EqualTo(expected.Terms), $"losses of step {step}");
            Assert.That(replayed.Weights(), Is.EqualTo(launched.Weights()), $"weights after step {step}");
            Assert.That(ContrastOf(processor.Step(step)), Is.EqualTo(ContrastOf(expected)).Within(0.02), $"step {step}");
        }

        Assert.That(replayed.Recording, Is.Not.Null);
    }

    [Test]
    public void The_contrast_falls_where_it_is_minimized()
    {
        using TrainingBench with = Bench(new CpuBackend(Device.OpenCpu(), 1)),
            without = Bench(new CpuBackend(Device.OpenCpu(), 1), Loss with { Prototypes = Loss.Prototypes! with { Weight = 0 } });
        double[] falling = [.. Enumerable.Range(1, 12).Select(step => ContrastOf(with.Step(step)))],
            left = [.. Enumerable.Range(1, 12).Select(step => ContrastOf(without.Step(step)))];
        Assert.That(falling[0], Is.EqualTo(left[0]));
        Assert.That(falling[^1], Is.LessThan(0.9 * left[^1]));
    }

    /// <summary>Background is in every batch: its weights are sum of 0.9^i over 8 steps. Values are directions.</summary>
    [Test]
    public void Prototypes_are_in_checkpoints()
    {
        using var runs = new TinyRuns();
        runs.Train("whole", resume: false, network: NetworkName.Unet3d, sets: "scheme=prototypes");
        NamedArray bank = SafetensorsFile
            .Read(runs.PathOf("whole", "checkpoints", $"step-{TinyRuns.Steps:D8}", "optimizer.safetensors"))
            .Arrays.Single(array => array.Name == "method/prototypes");
        Assert.That(bank.Shape, Is.EqualTo(new Shape(2, 5, 5)), "modalities, classes, channels and the weight");
        double[] values = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(bank.Bytes.Span).ToArray();
        double weight = (1 - Math.Pow(0.9, 8)) / 0.1;
        Assert.That(values[4], Is.EqualTo(weight).Within(1e-9));
        Assert.That(Math.Sqrt(values[..4].Sum(value => value * value)), Is.InRange(0.5 * weight, weight));
        Assert.That(runs.RecordsOf("whole").SelectMany(record => record), Has.Some.StartsWith("loss/prototypes"));
    }

    /// <summary>Written out in operations of the tape: two modalities of two samples, two classes present in both.</summary>
    private static Variable Contrast(Tape tape, Variable features, TrainingBench bench)
    {
        int channels = features.Shape[^1],
            half = bench.Labels.Length / 2;
        Variable rows = tape.Reshape(features, new Shape(2 * half, channels));
        Variable[] directions =
        [
            .. Enumerable
                .Range(0, 2)
                .Select(m =>
                {
                    double[] shares =
                    [
                        .. Enumerable
                            .Range(0, 2)
                            .SelectMany(c =>
                                Enumerable
                                    .Range(0, 2 * half)
                                    .Select(i => i / half == m && bench.Labels[i] == c ? 1.0 / CountOf(m, c) : 0)
                            ),
                    ];
                    Variable mean = tape.MatMul(
                        tape.Input(Tensor.From<double>(tape.Device, new Shape(2, 2 * half), shares)),
                        rows
                    );
                    return tape.L2Normalize(mean);
                }),
        ];
        Variable sum = tape.Add(Of(directions[0], directions[1]), Of(directions[1], directions[0]));
        return tape.Scale(sum, -1.0 / 4);

        double CountOf(int m, int c) => bench.Labels.Index().Count(label => label.Index / half == m && label.Item == c);

        // The sum of log softmax at the own class, over two classes.
        Variable Of(Variable anchors, Variable prototypes)
        {
            Variable scores = tape.Scale(
                tape.MatMul(anchors, tape.StopGradient(prototypes), transposeB: true),
                1 / Loss.Prototypes!.Temperature
            );
            Variable own = tape.Input(Tensor.From<double>(tape.Device, new Shape(2, 2), [1, 0, 0, 1]));
            return tape.Sum(tape.Multiply(tape.LogSoftmax(scores), own));
        }
    }

    private static double Formula(double[]?[][] means, double[]?[][] prototypes)
    {
        List<double> losses = [];
        for (int a = 0; a < Modalities; a++)
        {
            for (int b = 0; b < Modalities; b++)
            {
                for (int c = 0; c < Classes; c++)
                {
                    if (a == b || means[a][c] is not { } mean || prototypes[b][c] is null)
                        continue;
                    double Score(int k) => prototypes[b][k] is { } other ? Math.Exp(Cosine(mean, other) / Temperature) : 0;
                    losses.Add(-Math.Log(Score(c) / Enumerable.Range(0, Classes).Sum(Score)));
                }
            }
        }

        return losses.Average();
    }

    private static double Cosine(double[] a, double[] b) =>
        a.Zip(b, (x, y) => x * y).Sum() / Math.Sqrt(a.Sum(x => x * x) * b.Sum(y => y * y));

    private static double[]?[][] Drawn(System.Random random, (int Modality, int Class)[] absent) =>
        [
            .. Enumerable
                .Range(0, Modalities)
                .Select(m =>
                    Enumerable
                        .Range(0, Classes)
                        .Select(c =>
                            absent.Contains((m, c))
                                ? null
                                : Enumerable.Range(0, Channels).Select(_ => (2 * random.NextDouble()) - 1).ToArray()
                        )
                        .ToArray()
                ),
        ];

    private static double ContrastOf(LossReport report) => report.Terms.Single(term => term.Name == "prototypes").Value;

    private static TrainingBench Bench(Backend backend, UmmkdLoss? loss = null) =>
        new(
            backend,
            ownsDevice: true,
            loss ?? Loss,
            network: NetworkName.Unet3d,
            size: 8,
            optimizer: StepInFloat64.PlainDescent with
            {
                LearningRate = 0.01,
            }
        );
}
