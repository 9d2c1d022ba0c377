using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Engine.Tests.Autograd;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Tensors;
using static UnpairedSegEngine.Engine.Tests.Autograd.GradientCheck;

namespace UnpairedSegEngine.Engine.Tests.Losses;

/// <summary>
/// Each loss against its formula in float64, and its first and second derivatives against difference quotients.
/// </summary>
internal sealed class LossTests
{
    private static readonly Shape Logits = new(2, 3, 4);
    private static readonly byte[] Labels = [0, 1, 2, 3, 9, 1];
    private static readonly double[] ClassWeights = [0.5, 2, 1, 3];

    private static IEnumerable<TestCaseData> Cases()
    {
        yield return Case("cross-entropy", (t, v) => t.CrossEntropy(v[0], Truth(t)), z => CrossEntropy(z, null, null));
        yield return Case(
            "weighted cross-entropy",
            (t, v) => t.CrossEntropy(v[0], Truth(t), Weights(t)),
            z => CrossEntropy(z, ClassWeights, null)
        );
        yield return Case(
            "cross-entropy without a class",
            (t, v) => t.CrossEntropy(v[0], Truth(t), ignoredLabel: 1),
            z => CrossEntropy(z, null, 1)
        );
        yield return Case(
            "weighted cross-entropy without a class",
            (t, v) => t.CrossEntropy(v[0], Truth(t), Weights(t), ignoredLabel: 0),
            z => CrossEntropy(z, ClassWeights, 0)
        );
        yield return Case(
            "binary cross-entropy",
            (t, v) => t.BinaryCrossEntropyWithLogits(v[0], Target(t, 0.5)),
            z => z.Zip(TargetValues(0.5), (x, y) => -(y * Math.Log(Sigmoid(x))) - ((1 - y) * Math.Log(1 - Sigmoid(x)))).Average()
        );
        yield return Case(
            "mean squared error",
            (t, v) => t.MeanSquaredError(v[0], Target(t, 2)),
            z => z.Zip(TargetValues(2), (a, b) => (a - b) * (a - b)).Average()
        );
        yield return Case(
            "l1",
            (t, v) => t.L1(v[0], Target(t, 2)),
            z => z.Zip(TargetValues(2), (a, b) => Math.Abs(a - b)).Average()
        );
        foreach (double beta in new[] { 0.3, 1 })
        {
            yield return Case(
                $"smooth l1 {beta}",
                (t, v) => t.SmoothL1(v[0], Target(t, 2), beta),
                z =>
                    z.Zip(TargetValues(2), (a, b) => Math.Abs(a - b)).Average(d => d < beta ? d * d / (2 * beta) : d - (beta / 2))
            );
        }

        yield return Case("soft dice", (t, v) => t.SoftDice(t.Softmax(v[0]), Truth(t), 0.1), SoftDice);
    }

    [TestCaseSource(nameof(Cases))]
    public void Follows_its_formula(Computation loss, Func<double[], double> reference)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        using TensorScope scope = TensorScope.Open(device);
        double[] values = [.. Values(Logits).Select(value => 3 * value)];
        var tape = new Tape(backend);
        Variable result = loss(tape, [tape.Input(Tensor.From<double>(device, Logits, values))]);
        Assert.That(result.Shape, Is.EqualTo(new Shape()));
        Assert.That(result.Value.ToScalar(), Is.EqualTo(reference(values)).Within(1e-11));
    }

    [TestCaseSource(nameof(Cases))]
    public void Has_two_derivatives(Computation loss, Func<double[], double> reference)
    {
        using var check = new GradientCheck();
        check.First(loss, [ValuesOffZero(Logits)], [Logits]);
        check.Second((t, v) => t.Multiply(loss(t, v), loss(t, v)), [ValuesOffZero(Logits)], [Logits]);
    }

    [Test]
    public void Sure_logits_lose_no_digits([Values(-1e3, 1e3)] double magnitude)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable z = tape.Input(Tensor.From<float>(device, new Shape(1, 2), [(float)magnitude, 0]), requiresGradient: true),
            one = tape.Input(Tensor.From<float>(device, new Shape(1, 2), [1, 0]));
        Variable entropy = tape.CrossEntropy(z, Tensor.From<byte>(device, new Shape(1), [0])),
            binary = tape.BinaryCrossEntropyWithLogits(z, one);
        double expected = magnitude > 0 ? 0 : -magnitude;
        Assert.That(entropy.Value.ToScalar(), Is.EqualTo(expected));
        Assert.That(binary.Value.ToScalar(), Is.EqualTo((expected + Math.Log(2)) / 2).Within(1e-4));
        tape.Backward(entropy + binary);
        Assert.That(z.Gradient!.ToArray<float>(), Has.All.Matches<float>(float.IsFinite));
        z.ClearGradient();
    }

    [Test]
    public void A_batch_without_labels_has_no_cross_entropy()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable z = tape.Input(Tensor.From<float>(device, new Shape(1, 2), [3, 0]));
        Assert.That(tape.CrossEntropy(z, Tensor.From<byte>(device, new Shape(1), [255])).Value.ToScalar(), Is.Zero);
    }

    [Test]
    public void Labels_of_another_shape_are_refused()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        using TensorScope scope = TensorScope.Open(device);
        var tape = new Tape(backend);
        Variable z = tape.Input(Tensor.From<float>(device, new Shape(1, 2), [3, 0]));
        Assert.That(
            () => tape.CrossEntropy(z, Tensor.From<byte>(device, new Shape(2), [0, 1])),
            Throws.ArgumentException.With.Message.EqualTo(
                "labels (2) do not fit predictions (1, 2): all but the last axis must agree"
            )
        );
    }

    private static TestCaseData Case(string name, Computation loss, Func<double[], double> reference) =>
        new TestCaseData(loss, reference).SetName("{m}: " + name);

    private static Tensor Truth(Tape tape) => Tensor.From<byte>(tape.Device, new Shape(2, 3), Labels);

    private static Tensor Weights(Tape tape) => Tensor.From<double>(tape.Device, new Shape(4), ClassWeights);

    private static Variable Target(Tape tape, double scale) =>
        tape.Input(Tensor.From<double>(tape.Device, Logits, TargetValues(scale)));

    /// <summary>In (0, scale).</summary>
    private static double[] TargetValues(double scale) => [.. Values(Logits, 31).Select(value => scale * (1 + value) / 2)];

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double CrossEntropy(double[] z, double[]? weights, int? ignored)
    {
        double sum = 0,
            total = 0;
        foreach ((double[] row, byte label) in z.Chunk(4).Zip(Labels))
        {
            if (label >= 4 || label == ignored)
                continue;
            double weight = weights?[label] ?? 1;
            sum -= weight * (row[label] - Math.Log(row.Sum(Math.Exp)));
            total += weight;
        }

        return sum / total;
    }

    private static double SoftDice(double[] z)
    {
        double[] intersection = new double[4],
            squares = new double[4],
            sizes = new double[4];
        foreach ((double[] row, byte label) in z.Chunk(4).Zip(Labels))
        {
            for (int c = 0; c < 4; c++)
            {
                double p = Math.Exp(row[c]) / row.Sum(Math.Exp);
                squares[c] += p * p;
                if (label != c)
                    continue;
                intersection[c] += p;
                sizes[c]++;
            }
        }

        return 1 - Enumerable.Range(0, 4).Average(c => ((2 * intersection[c]) + 0.1) / (squares[c] + sizes[c] + 0.1));
    }
}
