using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Losses;

/// <summary>
/// The fused loss against its formulas in elementary operations, and what must not change it.
/// </summary>
internal sealed class UmmkdLossTests
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
        [Values] AbsentClass absent,
        [Values("all", "dice", "cross-entropy", "distillation")] string terms,
        [Values("0011", "1100", "0101", "1111", "0122")] string modality,
        [Values(0, 0.2)] double floor,
        [Values(1, 2.5)] double temperature,
        [Values] DistillationForm form
    )
    {
        int[] ofSample = [.. modality.Select(c => c - '0')];
        var modalities = new ModalityIndex(Math.Max(2, ofSample.Max() + 1), ofSample);
        var settings = new UmmkdLoss(
            new LossConfig
            {
                DiceWeight = terms is "all" or "dice" ? 0.8 : 0,
                CeWeight = terms is "all" or "cross-entropy" ? 1.3 : 0,
                CeClip = floor,
            },
            new DistillationConfig
            {
                Weight = terms is "all" or "distillation" ? 0.7 : 0,
                Absent = absent,
                Temperature = temperature,
                Form = form,
                Teacher = 1,
            }
        );
        byte[] labels = Labels();
        Variable reference = Leaf();
        var tape = new Tape(backend);
        Variable expected = new UnfusedUmmkdLoss(tape, settings, reference, labels, modalities).Total().Retain();
        tape.Backward(expected);

        (double loss, double[] gradient) = Fused(settings, labels, modalities);
        Assert.That(loss, Is.EqualTo(expected.Value.ToScalar()).Within(1e-12));
        Assert.That(gradient, Is.EqualTo(reference.Gradient!.ToArray<double>()).Within(1e-12));
    }

    [Test]
    public void Weight_zero_is_as_no_distillation_bit_by_bit()
    {
        UmmkdLoss none = With(new DistillationConfig { Weight = 0 });
        (_, double[] together) = Fused(none, Labels());

        // A modality alone has nothing to be compared with.
        double[] values = Values();
        int half = values.Length / 2;
        for (int m = 0; m < 2; m++)
        {
            (_, double[] own) = Fused(
                With(new DistillationConfig { Weight = 0.5 }),
                Labels()[(m * 14)..((m + 1) * 14)],
                ModalityIndex.Single(2, m, 2),
                values[(m * half)..((m + 1) * half)]
            );
            Assert.That(own, Is.EqualTo(together[(m * half)..((m + 1) * half)]));
        }
    }

    [Test]
    public void The_modalities_names_do_not_matter([Values] AbsentClass absent)
    {
        UmmkdLoss settings = With(new DistillationConfig { Absent = absent });
        Assert.That(Fused(settings, Labels(), new ModalityIndex(2, 1, 1, 0, 0)), Is.EqualTo(Fused(settings, Labels())));
    }

    [Test]
    public void A_scaled_loss_has_a_scaled_gradient()
    {
        Variable z = Leaf();
        var tape = new Tape(backend);
        Tensor labels = Tensor.From<byte>(device, new Shape(Samples, Positions), Labels());
        tape.Backward(tape.Scale(tape.UmmkdLoss(Settings, z, labels, Blocks).Loss, 4));
        Assert.That(
            z.Gradient!.ToArray<double>(),
            Is.EqualTo(Fused(Settings, Labels()).Gradient.Select(g => 4 * g)).Within(1e-15)
        );
    }

    [Test]
    public void Labels_of_no_class_count_only_where_the_method_says()
    {
        byte[] none = [.. Enumerable.Repeat((byte)255, Samples * Positions)];
        (double loss, double[] gradient) = Fused(Settings, none);
        Assert.That(loss, Is.Zero);
        Assert.That(gradient, Has.All.Zero);
    }

    [Test]
    public void Labels_must_fit_the_logits() =>
        Assert.That(
            () =>
                new Tape(backend).UmmkdLoss(
                    Settings,
                    Leaf(),
                    Tensor.From<byte>(device, new Shape(Positions, Samples), Labels()),
                    Blocks
                ),
            Throws.ArgumentException.With.Message.Contains("(7, 4)").And.Message.Contains(Logits.ToString())
        );

    [Test]
    public void A_teacher_must_be_a_modality() =>
        Assert.That(
            () => Fused(With(new DistillationConfig { Form = DistillationForm.OneWay, Teacher = 2 }), Labels()),
            Throws.ArgumentException.With.Message.Contains("loss.kd.teacher")
        );

    /// <summary>Against an independent NumPy computation of the paper's formulas, checked there by finite differences.</summary>
    [Test]
    public void Losses_are_golden([Values(DType.Float32, DType.Float64)] DType type)
    {
        (UmmkdLossTerms terms, _) = Golden(1, 1, 0.5, type);
        double tolerance = type == DType.Float32 ? 2e-6 : 1e-12;
        Assert.That(terms.Labels.Dice, Is.EqualTo(new[] { -0.44910337236976067, -0.2314143656832263 }).Within(tolerance));
        Assert.That(terms.Labels.CrossEntropy, Is.EqualTo(new[] { 0.811143932542564, 0.7206431176060257 }).Within(tolerance));
        Assert.That(terms.Distillation.Loss, Is.EqualTo(0.043493547941799104).Within(tolerance));
        Assert.That(terms.Total, Is.EqualTo(0.8730160860665023).Within(tolerance));
    }

    [TestCase(1, 0, 0, 0, -0.020912095, -0.008951845, 0.029863940)]
    [TestCase(0, 1, 0, 0, -0.075366441, 0.027394434, 0.047972007)]
    [TestCase(0, 0, 1, 4, -0.025685248, -0.011190639, 0.036875888)]
    [TestCase(0, 0, 1, 7, 3.249632319e-3, 7.784837801e-5, -3.327480697e-3)]
    public void Gradients_are_golden(
        double dice,
        double crossEntropy,
        double distillation,
        int position,
        double g0,
        double g1,
        double g2
    )
    {
        (_, double[] gradient) = Golden(dice, crossEntropy, distillation, DType.Float64);
        Assert.That(gradient[(3 * position)..((3 * position) + 3)], Is.EqualTo(new[] { g0, g1, g2 }).Within(1e-9));
    }

    private (UmmkdLossTerms Terms, double[] Gradient) Golden(double dice, double crossEntropy, double distillation, DType type)
    {
        double[] logits =
        [
            .. new[] { 0.1, 1.0 }.SelectMany(offset =>
                Enumerable.Range(0, 18).Select(j => 2 * Math.Sin((1.3 * (j / 3)) + (0.7 * (j % 3)) + offset))
            ),
        ];
        var settings = new UmmkdLoss(
            new LossConfig { DiceWeight = dice, CeWeight = crossEntropy },
            new DistillationConfig { Weight = distillation, Absent = AbsentClass.Uniform }
        );
        var shape = new Shape(2, 1, 2, 3, 3);
        var z = new Variable(
            type == DType.Float32
                ? Tensor.From<float>(device, shape, [.. logits.Select(value => (float)value)])
                : Tensor.From<double>(device, shape, logits),
            requiresGradient: true
        );
        Tensor labels = Tensor.From<byte>(device, new Shape(2, 1, 2, 3), [0, 0, 1, 1, 2, 0, 0, 1, 1, 0, 0, 0]);
        var tape = new Tape(backend);
        (Variable loss, UmmkdLossTerms terms) = tape.UmmkdLoss(settings, z, labels, ModalityIndex.Blocks(2, 1));
        tape.Backward(loss);
        return (terms, type == DType.Float32 ? [] : z.Gradient!.ToArray<double>());
    }

    private static UmmkdLoss Settings => With(new DistillationConfig());

    private static ModalityIndex Blocks => ModalityIndex.Blocks(2, 2);

    private static UmmkdLoss With(DistillationConfig distillation) => new(new LossConfig(), distillation);

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

    private static double[] Values() =>
        [.. Enumerable.Range(0, (int)Logits.Count).Select(i => 2 * Math.Sin((1.7 * i) + 0.9 + (0.01 * i * i)))];

    private Variable Leaf(double[]? values = null) =>
        new(
            Tensor.From<double>(
                device,
                values is null ? Logits : Logits.With(0, values.Length / Positions / Classes),
                values ?? Values()
            ),
            requiresGradient: true
        );

    private (double Loss, double[] Gradient) Fused(
        UmmkdLoss settings,
        byte[] labels,
        ModalityIndex? modality = null,
        double[]? values = null
    )
    {
        Variable z = Leaf(values);
        var tape = new Tape(backend);
        Variable loss = tape.UmmkdLoss(
            settings,
            z,
            Tensor.From<byte>(device, new Shape(z.Shape[0], Positions), labels),
            modality ?? Blocks
        ).Loss;
        double value = loss.Value.ToScalar();
        tape.Backward(loss);
        return (value, z.Gradient!.ToArray<double>());
    }
}
