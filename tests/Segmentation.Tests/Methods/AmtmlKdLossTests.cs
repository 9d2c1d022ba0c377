using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.AmtmlKd;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>The method's terms against the formulas, element by element in float64.</summary>
internal sealed class AmtmlKdLossTests
{
    private const int Samples = 3,
        Classes = 4,
        Teachers = 2;
    private const double Temperature = 2.5;

    private static readonly System.Random Random = new(7);
    private static readonly double[] Student = Numbers(Samples * Classes),
        Weights = [0.25, 0.75, 0.5, 0.5, 0.9, 0.1];
    private static readonly double[][] Logits = [Numbers(Samples * Classes), Numbers(Samples * Classes)];

    [Test]
    public void The_target_is_the_weighted_mean_of_softened_outputs() =>
        Assert.That(Computed(tape => TargetOn(tape)), Is.EqualTo(Target()).Within(1e-12));

    [Test]
    public void The_divergence_is_that_of_its_definition()
    {
        double expected = 0;
        double[] target = Target();
        for (int n = 0; n < Samples; n++)
        {
            double[] p = Softmax(Student, n);
            for (int c = 0; c < Classes; c++)
                expected += target[(n * Classes) + c] * Math.Log(target[(n * Classes) + c] / p[c]) / Samples;
        }

        Assert.That(
            Computed(tape => AmtmlKdLoss.Divergence(tape, TargetOn(tape), Input(tape, Student, Samples, Classes), Temperature)),
            Is.EqualTo(new[] { expected }).Within(1e-9)
        );
    }

    /// <summary>
    /// Of a sure teacher who is right, one who says nothing and a sure one who is wrong, equally weighed, for a student who says
    /// nothing: the divergence calls for the second, the labels for the first. The numbers are those of the documentation.
    /// </summary>
    [TestCase(WeightsSource.Distillation, 0.213, -0.426, 0.213)]
    [TestCase(WeightsSource.Labels, -0.576, 0.242, 0.333)]
    public void What_the_weights_are_learnt_from_decides_which_teacher_gains(
        WeightsSource source,
        double right,
        double unsure,
        double wrong
    )
    {
        const int classes = 10,
            label = 3,
            other = 7;
        const double sure = 40;
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        var scores = new Variable(Tensor.From<double>(device, new Shape(1, 3), [0, 0, 0]), requiresGradient: true);
        Variable target = AmtmlKdLoss.Target(
            tape,
            tape.Softmax(scores),
            [LogitsOf(label, sure), LogitsOf(label, 0), LogitsOf(other, sure)],
            temperature: 1
        );
        Variable loss =
            source == WeightsSource.Labels
                ? AmtmlKdLoss.Surprise(tape, target, Tensor.From<byte>(device, new Shape(1), [label]))
                : AmtmlKdLoss.Divergence(tape, target, LogitsOf(label, 0), temperature: 1);
        tape.Backward(loss);
        Assert.That(scores.Gradient!.ToArray<double>(), Is.EqualTo(new[] { right, unsure, wrong }).Within(5e-4));

        Variable LogitsOf(int c, double value)
        {
            double[] logits = new double[classes];
            logits[c] = value;
            return Input(tape, logits, 1, classes);
        }
    }

    [Test]
    public void A_hint_is_the_mean_square_to_features_of_length_one()
    {
        double[] student = Numbers(2 * 3 * 2),
            teacher = Numbers(2 * 3 * 2);
        double expected = 0;
        for (int position = 0; position < 6; position++)
        {
            double length = Math.Sqrt(
                (teacher[2 * position] * teacher[2 * position]) + (teacher[(2 * position) + 1] * teacher[(2 * position) + 1])
            );
            for (int c = 0; c < 2; c++)
            {
                double difference = student[(2 * position) + c] - (teacher[(2 * position) + c] / length);
                expected += difference * difference / student.Length;
            }
        }

        Assert.That(
            Computed(tape => AmtmlKdLoss.Hint(tape, Input(tape, student, 2, 1, 3, 1, 2), Input(tape, teacher, 2, 1, 3, 1, 2))),
            Is.EqualTo(new[] { expected }).Within(1e-12)
        );
    }

    private static Variable TargetOn(Tape tape) =>
        AmtmlKdLoss.Target(
            tape,
            Input(tape, Weights, Samples, Teachers),
            [.. Logits.Select(z => Input(tape, z, Samples, Classes))],
            Temperature
        );

    private static double[] Target()
    {
        double[] target = new double[Samples * Classes];
        for (int n = 0; n < Samples; n++)
        {
            for (int t = 0; t < Teachers; t++)
            {
                double[] p = Softmax(Logits[t], n);
                for (int c = 0; c < Classes; c++)
                    target[(n * Classes) + c] += Weights[(n * Teachers) + t] * p[c];
            }
        }

        return target;
    }

    private static double[] Softmax(double[] logits, int sample)
    {
        double[] e = [.. logits.Skip(sample * Classes).Take(Classes).Select(z => Math.Exp(z / Temperature))];
        return [.. e.Select(value => value / e.Sum())];
    }

    private static double[] Computed(Func<Tape, Variable> compute)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using TensorScope scope = TensorScope.Open(device);
        return compute(new Tape(backend)).Value.ToArray<double>();
    }

    private static Variable Input(Tape tape, double[] values, params int[] shape) =>
        tape.Input(Tensor.From<double>(tape.Device, new Shape(shape), values));

    private static double[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => (3 * Random.NextDouble()) - 1.5)];
}
