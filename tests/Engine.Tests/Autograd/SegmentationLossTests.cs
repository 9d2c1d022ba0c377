using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Autograd;

/// <summary>
/// The fused loss against its formulas in elementary operations, and what must not change it. (Its golden values:
/// Backends.SegmentationLossTests.)
/// </summary>
internal sealed class SegmentationLossTests
{
    private const int Samples = 4;
    private const int Positions = 7;
    private const int Classes = 4;

    private static readonly Shape Logits = new(Samples, Positions, Classes);

    private Device device = null!;
    private CpuBackend backend = null!;
    private TensorScope scope = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, threads: 2);
        scope = TensorScope.Open(device);
    }

    [TearDown]
    public void Close()
    {
        scope.Dispose();
        backend.Dispose();
        device.Dispose();
    }

    [Test]
    public void Equals_its_unfused_composition(
        [Values] AbsentClassPolicy absent,
        [Values("all", "dice", "cross-entropy", "distillation")] string terms,
        [Values("0011", "1100", "0101", "1111", "0122")] string modality,
        [Values(0, 0.2)] double floor,
        [Values(1, 2.5)] double temperature,
        [Values] DistillationMeasure measure
    )
    {
        int[] ofSample = [.. modality.Select(c => c - '0')];
        var problem = new SegmentationLossProblem
        {
            LogitsShape = Logits,
            Modality = new ModalityIndex(Math.Max(2, ofSample.Max() + 1), ofSample),
            DiceWeight = terms is "all" or "dice" ? 0.8 : 0,
            CrossEntropyWeight = terms is "all" or "cross-entropy" ? 1.3 : 0,
            DistillationWeight = terms is "all" or "distillation" ? 0.7 : 0,
            AbsentClass = absent,
            ProbabilityFloor = floor,
            Temperature = temperature,
            Measure = measure,
            Teacher = 1,
        };
        byte[] labels = Labels();
        Variable reference = Leaf();
        var tape = new Tape(backend);
        Variable expected = new UnfusedSegmentationLoss(tape, problem, reference, labels).Total().Retain();
        tape.Backward(expected);

        (double loss, double[] gradient) = Fused(problem, labels);
        Assert.That(loss, Is.EqualTo(expected.Value.ToScalar()).Within(1e-12));
        Assert.That(gradient, Is.EqualTo(reference.Gradient!.ToArray<double>()).Within(1e-12));
    }

    [Test]
    public void Weight_zero_is_as_no_distillation_bit_by_bit()
    {
        SegmentationLossProblem both = Problem() with { DistillationWeight = 0 };
        (_, double[] together) = Fused(both, Labels());

        // A modality alone has nothing to be compared with.
        double[] values = Values();
        int half = values.Length / 2;
        for (int m = 0; m < 2; m++)
        {
            SegmentationLossProblem alone = both with
            {
                LogitsShape = Logits.With(0, 2),
                Modality = ModalityIndex.Single(2, m, 2),
                DistillationWeight = 0.5,
            };
            (_, double[] own) = Fused(alone, Labels()[(m * 14)..((m + 1) * 14)], values[(m * half)..((m + 1) * half)]);
            Assert.That(own, Is.EqualTo(together[(m * half)..((m + 1) * half)]));
        }
    }

    [Test]
    public void The_modalities_names_do_not_matter([Values] AbsentClassPolicy absent)
    {
        SegmentationLossProblem problem = Problem() with { AbsentClass = absent };
        Assert.That(
            Fused(problem with { Modality = new ModalityIndex(2, 1, 1, 0, 0) }, Labels()),
            Is.EqualTo(Fused(problem, Labels()))
        );
    }

    [Test]
    public void A_scaled_loss_has_a_scaled_gradient()
    {
        Variable z = Leaf();
        var tape = new Tape(backend);
        Tensor labels = Tensor.From<byte>(device, new Shape(Samples, Positions), Labels());
        tape.Backward(tape.Scale(tape.SegmentationLosses(Problem(), z, labels).Loss, 4));
        Assert.That(
            z.Gradient!.ToArray<double>(),
            Is.EqualTo(Fused(Problem(), Labels()).Gradient.Select(g => 4 * g)).Within(1e-15)
        );
    }

    [Test]
    public void Labels_of_no_class_count_only_where_the_method_says()
    {
        byte[] none = [.. Enumerable.Repeat((byte)255, Samples * Positions)];
        (double loss, double[] gradient) = Fused(Problem() with { AbsentClass = AbsentClassPolicy.Skip }, none);
        Assert.That(loss, Is.Zero);
        Assert.That(gradient, Has.All.Zero);
    }

    [Test]
    public void Labels_must_fit_the_logits() =>
        Assert.That(
            () =>
                new Tape(backend).SegmentationLosses(
                    Problem(),
                    Leaf(),
                    Tensor.From<byte>(device, new Shape(Positions, Samples), Labels())
                ),
            Throws.ArgumentException.With.Message.Contains("(7, 4)").And.Message.Contains(Logits.ToString())
        );

    private static SegmentationLossProblem Problem() => new() { LogitsShape = Logits, Modality = ModalityIndex.Blocks(2, 2) };

    /// <summary>Class 3 is absent from the last two samples; one label is of no class.</summary>
    private static byte[] Labels() =>
        [
            .. Enumerable
                .Range(0, Samples * Positions)
                .Select(i =>
                    (byte)(
                        i == 5 ? 9
                        : i < 14 ? i * 3 % 4
                        : i * i % 3
                    )
                ),
        ];

    private static double[] Values() => [.. GradientCheck.Values(Logits).Select(v => 2 * v)];

    private Variable Leaf(double[]? values = null) =>
        new(
            Tensor.From<double>(
                device,
                values is null ? Logits : Logits.With(0, values.Length / Positions / Classes),
                values ?? Values()
            ),
            requiresGradient: true
        );

    private (double Loss, double[] Gradient) Fused(SegmentationLossProblem problem, byte[] labels, double[]? values = null)
    {
        Variable z = Leaf(values);
        var tape = new Tape(backend);
        Variable loss = tape.SegmentationLosses(
            problem,
            z,
            Tensor.From<byte>(device, new Shape(problem.Samples, Positions), labels)
        ).Loss;
        double value = loss.Value.ToScalar();
        tape.Backward(loss);
        return (value, z.Gradient!.ToArray<double>());
    }
}
