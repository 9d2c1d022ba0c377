using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Losses;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Losses;

/// <summary>What the distillation compares over several batches, what it is within a modality, and how hard it pulls.</summary>
internal sealed class ClassMeansTests
{
    private const int Classes = 3,
        Positions = 11;
    private const double Decay = 0.8;

    private Device device = null!;
    private CpuBackend backend = null!;
    private TensorScope scope = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, threads: 1);
        scope = TensorScope.Open(device);
    }

    [TearDown]
    public void Close()
    {
        scope.Dispose();
        backend.Dispose();
        device.Dispose();
    }

    /// <summary>The second batch lacks class 2 in both modalities, the third in the first one.</summary>
    [Test]
    public void Means_are_those_of_the_batches_that_have_the_class()
    {
        var means = new ClassMeans("means", Decay, groups: 2, Classes);
        Batch[] batches = [Drawn(1, "0011"), Drawn(2, "0011", withoutClass2: [0, 1]), Drawn(3, "0011", withoutClass2: [0])];
        IReadOnlyList<SegmentationSums> averaged = [];
        foreach (Batch batch in batches)
        {
            averaged = means.Average(SumsOf(batch));
            means.Accept();
        }

        for (int m = 0; m < 2; m++)
        {
            for (int c = 0; c < Classes; c++)
            {
                double[] expected = RunningMean(batches, m, c);
                double count = SumsOf(batches[^1])[m].Counts[c];
                Assert.That(averaged[m].Counts[c], Is.EqualTo(count));
                Assert.That(
                    averaged[m].LogitSums[c],
                    Is.EqualTo(expected.Select(mean => count * mean)).Within(1e-12),
                    $"{m} {c}"
                );
            }
        }

        Assert.That(means.Average(SumsOf(Drawn(4, "0011")))[0].LogitSums[2], Is.Not.All.Zero, "what was absent comes back");
    }

    [Test]
    public void A_batch_that_is_not_accepted_leaves_no_trace()
    {
        var means = new ClassMeans("means", Decay, groups: 2, Classes);
        means.Average(SumsOf(Drawn(1, "0011")));
        means.Accept();
        double[] before = [.. means.State.Values];
        means.Average(SumsOf(Drawn(2, "0011")));
        Assert.That(means.State.Values, Is.EqualTo(before).And.Not.All.Zero);
        means.Accept();
        Assert.That(means.State.Values, Is.Not.EqualTo(before));
    }

    /// <summary>
    /// The term at the running means is the term of logits that are shifted, class by class and as constants, until their means
    /// are the running ones.
    /// </summary>
    [Test]
    public void Loss_and_gradient_are_those_of_logits_with_the_running_means(
        [Values("0011", "0101", "0122", "01")] string modality,
        [Values] DistillationForm form
    )
    {
        var settings = new UmmkdLoss(
            new LossConfig { DiceWeight = 0, CeWeight = 0 },
            new DistillationConfig
            {
                Weight = 0.7,
                Form = form,
                Teacher = 1,
            }
        );
        Batch first = Drawn(1, modality),
            second = Drawn(2, modality, withoutClass2: [0]);
        var means = new ClassMeans("means", Decay, first.Modality.Modalities, Classes);
        means.Average(SumsOf(first));
        means.Accept();
        IReadOnlyList<SegmentationSums> ofBatch = SumsOf(second),
            averaged = means.Average(ofBatch);

        double[] shift =
        [
            .. second.Labels.SelectMany(
                (label, position) =>
                {
                    int m = second.Modality[position / Positions];
                    return Enumerable
                        .Range(0, Classes)
                        .Select(k =>
                            (averaged[m].LogitSums[label][k] - ofBatch[m].LogitSums[label][k]) / ofBatch[m].Counts[label]
                        );
                }
            ),
        ];
        Variable leaf = new(Logits(second), requiresGradient: true);
        var tape = new Tape(backend);
        Variable shifted = tape.Add(leaf, tape.Input(Tensor.From<double>(device, leaf.Shape, shift)));
        Variable expected = new UnfusedUmmkdLoss(tape, settings, shifted, second.Labels, second.Modality).Total();
        tape.Backward(expected);

        UmmkdLossTerms terms = settings.Terms(ProblemOf(second), averaged);
        Assert.That(terms.Total, Is.EqualTo(expected.Value.ToScalar()).Within(1e-12));
        double[] reference = leaf.Gradient!.ToArray<double>();
        Assert.That(GradientOf(second, terms.Coefficients.Values), Is.EqualTo(reference).Within(1e-12));
        Assert.That(reference, Is.Not.All.Zero);
    }

    [TestCase("0011", "0123")]
    [TestCase("0101", "0213")]
    [TestCase("000111", "011233")]
    [TestCase("00011", "01123")]
    public void The_floor_is_the_term_between_halves(string modality, string halves)
    {
        Batch batch = Drawn(5, modality, withoutClass2: [1]);
        var kd = new DistillationConfig { Form = DistillationForm.OneWay, Teacher = 1 };
        SegmentationLossProblem problem = DistillationFloor.HalvesOf(ProblemOf(batch))!;
        Assert.That(
            string.Concat(Enumerable.Range(0, halves.Length).Select(sample => problem.Modality[sample])),
            Is.EqualTo(halves)
        );
        double expected = 0;
        for (int m = 0; m < 2; m++)
        {
            int[] samples = [.. Enumerable.Range(0, modality.Length).Where(sample => modality[sample] - '0' == m)];
            var alone = new Batch(
                [.. samples.SelectMany(s => batch.Logits[(s * Positions * Classes)..((s + 1) * Positions * Classes)])],
                [.. samples.SelectMany(s => batch.Labels[(s * Positions)..((s + 1) * Positions)])],
                new ModalityIndex(2, [.. samples.Select(s => problem.Modality[s] % 2)])
            );
            var settings = new UmmkdLoss(new LossConfig { DiceWeight = 0, CeWeight = 0 }, kd with { Weight = 1, Teacher = 0 });
            expected += settings.Terms(ProblemOf(alone), SumsOf(alone)).Total / 2;
        }

        IReadOnlyList<SegmentationSums> ofHalves = SegmentationSums.Of(problem, Sums(problem, batch));
        Assert.That(DistillationFloor.Of(kd, problem, ofHalves), Is.EqualTo(expected).Within(1e-12).And.Positive);
    }

    [Test]
    public void A_modality_of_one_sample_has_no_floor()
    {
        Assert.That(DistillationFloor.HalvesOf(ProblemOf(Drawn(1, "01"))), Is.Null);
        Batch batch = Drawn(1, "0111");
        SegmentationLossProblem halves = DistillationFloor.HalvesOf(ProblemOf(batch))!,
            ofSecond = halves with { LogitsShape = halves.LogitsShape.With(0, 3), Modality = new ModalityIndex(2, 0, 1, 1) };
        Batch second = new(batch.Logits[(Positions * Classes)..], batch.Labels[Positions..], ofSecond.Modality);
        var kd = new DistillationConfig();
        Assert.That(
            DistillationFloor.Of(kd, halves, SegmentationSums.Of(halves, Sums(halves, batch))),
            Is.EqualTo(DistillationFloor.Of(kd, ofSecond, SegmentationSums.Of(ofSecond, Sums(ofSecond, second)))).Within(1e-15)
        );
    }

    /// <summary>Samples of two modalities, each with an offset of its own: all of one distribution.</summary>
    [Test]
    public void Of_samples_alone_the_term_is_half_its_floor()
    {
        (double term, double floor) = (0, 0);
        var kd = new DistillationConfig();
        for (int trial = 0; trial < 1000; trial++)
        {
            Batch batch = Drawn(100 + trial, "00001111", spread: 0.3);
            SegmentationLossProblem halves = DistillationFloor.HalvesOf(ProblemOf(batch))!;
            term += new UmmkdLoss(new LossConfig(), kd).Terms(ProblemOf(batch), SumsOf(batch)).Distillation.Loss;
            floor += DistillationFloor.Of(kd, halves, SegmentationSums.Of(halves, Sums(halves, batch)));
        }

        Assert.That(term / floor, Is.EqualTo(0.5).Within(0.05));
    }

    [TestCase(0.8, 0, 0)]
    [TestCase(0, 1.3, 0)]
    [TestCase(0, 0, 0.6)]
    public void Norms_are_those_of_each_term_alone(double dice, double entropy, double distillation)
    {
        Batch batch = Drawn(3, "0011", withoutClass2: [0]);
        SegmentationLossProblem problem = ProblemOf(batch);
        var alone = new UmmkdLoss(
            new LossConfig { DiceWeight = dice, CeWeight = entropy },
            new DistillationConfig { Weight = distillation }
        );
        var all = new UmmkdLoss(new LossConfig { DiceWeight = 0.8, CeWeight = 1.3 }, new DistillationConfig { Weight = 0.6 });
        Variable leaf = new(Logits(batch), requiresGradient: true);
        var tape = new Tape(backend);
        tape.Backward(new UnfusedUmmkdLoss(tape, alone, leaf, batch.Labels, batch.Modality).Total());
        double expected = Math.Sqrt(leaf.Gradient!.ToArray<double>().Sum(value => value * value));

        IReadOnlyList<SegmentationSums> sums = SumsOf(batch);
        double norm =
            distillation > 0
                ? GradientNorms.OfDistillation(sums, all.Terms(problem, sums).Coefficients)
                : Norm(batch, all.CoefficientsOf(problem, sums, dice: dice > 0));
        Assert.That(norm, Is.EqualTo(expected).Within(1e-12).And.GreaterThan(1e-4));
    }

    private double Norm(Batch batch, double[] coefficients)
    {
        SegmentationLossProblem problem = ProblemOf(batch);
        Tensor square = Tensor.Allocate(device, new Shape(), DType.Float64);
        GradientNorms.Square(
            backend,
            problem,
            Logits(batch),
            Labels(batch),
            Tensor.From<double>(device, problem.CoefficientsShape, coefficients),
            square
        );
        return Math.Sqrt(square.ToScalar());
    }

    private double[] GradientOf(Batch batch, double[] coefficients)
    {
        SegmentationLossProblem problem = ProblemOf(batch);
        Tensor gradient = Tensor.Allocate(device, problem.LogitsShape, DType.Float64);
        backend.SegmentationLossGradient(
            problem,
            Logits(batch),
            Labels(batch),
            Tensor.From<double>(device, problem.CoefficientsShape, coefficients),
            gradient
        );
        return gradient.ToArray<double>();
    }

    /// <summary>Written out: the decayed mean of the batches' means.</summary>
    private static double[] RunningMean(Batch[] batches, int modality, int trueClass)
    {
        (double[] sum, double weights) = (new double[Classes], 0);
        foreach (Batch batch in batches)
        {
            int[] positions =
            [
                .. Enumerable
                    .Range(0, batch.Labels.Length)
                    .Where(i => batch.Labels[i] == trueClass && batch.Modality[i / Positions] == modality),
            ];
            if (positions.Length == 0)
                continue;
            weights = (Decay * weights) + 1;
            for (int k = 0; k < Classes; k++)
                sum[k] = (Decay * sum[k]) + positions.Average(i => batch.Logits[(i * Classes) + k]);
        }

        return [.. sum.Select(value => value / weights)];
    }

    private IReadOnlyList<SegmentationSums> SumsOf(Batch batch) =>
        SegmentationSums.Of(ProblemOf(batch), Sums(ProblemOf(batch), batch));

    private double[] Sums(SegmentationLossProblem problem, Batch batch)
    {
        Tensor sums = Tensor.Allocate(device, problem.SumsShape, DType.Float64);
        backend.SegmentationLossSums(problem, Logits(batch), Labels(batch), sums);
        return sums.ToArray<double>();
    }

    private static SegmentationLossProblem ProblemOf(Batch batch) =>
        new() { LogitsShape = new Shape(batch.Modality.Samples, Positions, Classes), Modality = batch.Modality };

    private Tensor Logits(Batch batch) => Tensor.From<double>(device, ProblemOf(batch).LogitsShape, batch.Logits);

    private Tensor Labels(Batch batch) => Tensor.From<byte>(device, new Shape(batch.Modality.Samples, Positions), batch.Labels);

    /// <summary>Logits of every sample are off by an offset of its own.</summary>
    private static Batch Drawn(int seed, string modality, int[]? withoutClass2 = null, double spread = 1)
    {
        int[] ofSample = [.. modality.Select(c => c - '0')];
        var stream = new PhiloxStream((ulong)seed, 1, 2, 3);
        var logits = new List<double>();
        var labels = new List<byte>();
        foreach (int m in ofSample)
        {
            double[] offset = [.. Enumerable.Range(0, Classes * Classes).Select(_ => spread * stream.NextNormal())];
            for (int position = 0; position < Positions; position++)
            {
                int label = position % (withoutClass2?.Contains(m) == true ? 2 : Classes);
                labels.Add((byte)label);
                for (int k = 0; k < Classes; k++)
                    logits.Add(offset[(label * Classes) + k] + (k == label ? 1 : 0));
            }
        }

        return new Batch([.. logits], [.. labels], new ModalityIndex(ofSample.Max() + 1, ofSample));
    }

    private sealed record Batch(double[] Logits, byte[] Labels, ModalityIndex Modality);
}
