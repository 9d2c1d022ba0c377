using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class SoftmaxKlTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    [Test]
    public void SumAndGradient(
        [Values(1, 2, 5, 17, 130)] int classes,
        [Values(1, 7, 16, 1033)] int positions,
        [Values(0.1, 1, 4)] double temperature
    ) => Check(Normal(new Shape(positions, classes)), Normal(new Shape(positions, classes)), temperature);

    /// <summary>Probabilities underflow, and their logarithms are far apart.</summary>
    [Test]
    public void ExtremeLogits([Values(80, 1e4)] double magnitude, [Values(0.1, 1, 20)] double temperature)
    {
        Tensor Signs() => Of(new Shape(33, 5), [.. Read(Normal(new Shape(33, 5))).Select(v => magnitude * Math.Sign(v))]);
        Check(Signs(), Signs(), temperature);
    }

    [Test]
    public void EqualLogitsHaveNoDivergence()
    {
        Tensor z = Normal(new Shape(41, 6), deviation: 30),
            sum = Output(new Shape()),
            gradient = Output(z.Shape);
        Backend.SoftmaxKlSum(z, z, 2, sum);
        Backend.SoftmaxKlGradient(z, z, 2, Of(new Shape(), 1), gradient);
        Assert.That(Read(sum)[0], Is.Zero);
        Assert.That(Read(gradient), Has.All.Zero);
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(double.NaN)]
    public void TheTemperatureIsPositive(double temperature) =>
        Assert.That(
            () => Backend.SoftmaxKlSum(Normal(new Shape(2)), Normal(new Shape(2)), temperature, Output(new Shape())),
            Throws.ArgumentException.With.Message.Contains("temperature must be a positive number")
        );

    private void Check(Tensor teacher, Tensor student, double temperature)
    {
        int classes = student.Shape[^1];
        Tensor sum = Output(new Shape()),
            gradient = Output(student.Shape),
            scale = Of(new Shape(1), -2.5);
        Backend.SoftmaxKlSum(teacher, student, temperature, sum);
        Backend.SoftmaxKlGradient(teacher, student, temperature, scale, gradient);
        double total = 0,
            size = 0;
        var expected = new List<double>();
        foreach ((double[] t, double[] s) in Read(teacher).Chunk(classes).Zip(Read(student).Chunk(classes), (t, s) => (t, s)))
        {
            double[] p = LogSoftmax(t, temperature),
                q = LogSoftmax(s, temperature);
            double[] terms = [.. p.Zip(q, (a, b) => Math.Exp(a) * (a - b))];
            total += terms.Sum();
            size += terms.Sum(Math.Abs);
            expected.AddRange(p.Zip(q, (a, b) => -2.5 / temperature * (Math.Exp(b) - Math.Exp(a))));
        }

        AssertClose(sum, [total], what: "sum", magnitude: Math.Max(size, 1));
        AssertClose(gradient, [.. expected], what: "gradient", magnitude: 2.5 / temperature, slack: Math.Max(1, 1 / temperature));
    }

    private static double[] LogSoftmax(double[] z, double temperature)
    {
        double[] scaled = [.. z.Select(v => (v - z.Max()) / temperature)];
        double logSum = Math.Log(scaled.Sum(Math.Exp));
        return [.. scaled.Select(v => v - logSum)];
    }
}
