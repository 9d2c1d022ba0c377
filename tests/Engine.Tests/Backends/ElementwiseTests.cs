using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class ElementwiseTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    private static readonly int[] Sizes = [1, 2, 3, 5, 7, 16, 17, 33, 70_001];

    [Test]
    public void Binary([Values] BinaryFunction function, [ValueSource(nameof(Sizes))] int size)
    {
        Tensor a = Normal(new Shape(size)),
            b = Positive(new Shape(size)),
            y = Output(new Shape(size));
        Backend.Binary(function, a, b, y);
        Func<double, double, double> reference = function switch
        {
            BinaryFunction.Add => (p, q) => p + q,
            BinaryFunction.Subtract => (p, q) => p - q,
            BinaryFunction.Multiply => (p, q) => p * q,
            _ => (p, q) => p / q,
        };
        AssertClose(y, [.. Read(a).Zip(Read(b), reference)]);
    }

    /// <summary>A function that a backend does not have must not compute another.</summary>
    [Test]
    public void FunctionsThatDoNotExistAreRefused()
    {
        Tensor x = Of(new Shape(2), 1, 2),
            y = Output(new Shape(2));
        Assert.That(
            () => Backend.Unary((UnaryFunction)99, x, y),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("unknown function")
        );
        Assert.That(
            () => Backend.Binary((BinaryFunction)99, x, x, y),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("unknown function")
        );
    }

    [Test]
    public void Unary([Values] UnaryFunction function, [ValueSource(nameof(Sizes))] int size)
    {
        bool positive = function is UnaryFunction.Logarithm or UnaryFunction.SquareRoot;
        Tensor x = positive ? Positive(new Shape(size)) : Normal(new Shape(size)),
            y = Output(new Shape(size));
        Backend.Unary(function, x, y);
        Func<double, double> reference = function switch
        {
            UnaryFunction.Exponential => Math.Exp,
            UnaryFunction.Logarithm => Math.Log,
            UnaryFunction.SquareRoot => Math.Sqrt,
            UnaryFunction.Absolute => Math.Abs,
            UnaryFunction.Relu => v => Math.Max(v, 0),
            UnaryFunction.Sigmoid => v => 1 / (1 + Math.Exp(-v)),
            UnaryFunction.HyperbolicTangent => Math.Tanh,
            UnaryFunction.Softplus => v => Math.Log(1 + Math.Exp(v)),
            UnaryFunction.Sign => v => Math.Sign(v),
            _ => throw new ArgumentOutOfRangeException(nameof(function), function, "no reference for the function"),
        };
        AssertClose(y, [.. Read(x).Select(reference)]);
    }

    /// <summary>Neither overflow nor lost digits, each value to its own size.</summary>
    [TestCase(UnaryFunction.Sigmoid, 0, 0, 2.0611536181902037e-9, 0.5, 0.99999999793884631, 1)]
    [TestCase(UnaryFunction.HyperbolicTangent, -1, -1, -1, 0, 1, 1)]
    [TestCase(UnaryFunction.Softplus, 0, 0, 2.0611536203143807e-9, 0.69314718055994531, 20.000000002061153, 1e4)]
    [TestCase(UnaryFunction.Relu, 0, 0, 0, 0, 20, 1e4)]
    public void AtTheEndsOfTheRange(UnaryFunction function, params double[] expected)
    {
        Tensor x = Of(new Shape(7), -1e4, -1000, -20, 0, 20, 1e4, double.NaN),
            y = Output(new Shape(7));
        Backend.Unary(function, x, y);
        double[] values = Read(y);
        for (int i = 0; i < expected.Length; i++)
            Assert.That(values[i], Is.EqualTo(expected[i]).Within(Tolerance * Math.Abs(expected[i])), $"element {i}");
        Assert.That(values[6], Is.NaN);
    }

    [Test]
    public void SignOfZeroIsZero()
    {
        Tensor x = Of(new Shape(3), 0, -0.0, 5),
            y = Output(new Shape(3));
        Backend.Unary(UnaryFunction.Sign, x, y);
        Assert.That(Read(y), Is.EqualTo(new double[] { 0, 0, 1 }));
    }

    [Test]
    public void ExponentialAtTheEndsOfTheRange()
    {
        Tensor x = Of(new Shape(5), -1e4, -80, 0, 80, 1e4),
            y = Output(new Shape(5));
        Backend.Unary(UnaryFunction.Exponential, x, y);
        double[] values = Read(y);
        Assert.That(values[0], Is.Zero);
        Assert.That(values[1], Is.EqualTo(Math.Exp(-80)).Within(1e-6 * Math.Exp(-80)));
        Assert.That(values[2], Is.EqualTo(1).Within(1e-6));
        Assert.That(values[3], Is.EqualTo(Math.Exp(80)).Within(1e-6 * Math.Exp(80)));
        Assert.That(values[4], Is.EqualTo(double.PositiveInfinity));
    }

    [Test]
    public void AffineLeakyReluAndItsGradientInPlace([ValueSource(nameof(Sizes))] int size)
    {
        Tensor x = Normal(new Shape(size)),
            gy = Normal(new Shape(size)),
            y = Output(new Shape(size)),
            forward = Output(new Shape(size));
        Backend.Affine(x, 3, -0.5, y);
        AssertClose(y, [.. Read(x).Select(v => (3 * v) - 0.5)]);
        Backend.LeakyReluForward(x, 0.2, forward);
        AssertClose(forward, [.. Read(x).Select(v => v >= 0 ? v : 0.2 * v)]);
        double[] expected = [.. Read(gy).Zip(Read(x), (g, v) => v >= 0 ? g : 0.2 * g)];
        Backend.LeakyReluBackward(gy, x, 0.2, gy);
        Assert.That(Read(gy), Is.EqualTo(expected).Within(1e-6));
    }

    [Test]
    public void LeakyReluSlopeAtZeroIsOne()
    {
        Tensor gx = Output(new Shape(1));
        Backend.LeakyReluBackward(Of(new Shape(1), 7), Of(new Shape(1), 0), 0.2, gx);
        Assert.That(Read(gx)[0], Is.EqualTo(7));
    }

    [Test]
    public void FillAndConvert()
    {
        Tensor y = Output(new Shape(33)),
            halves = Output(new Shape(33), DType.BFloat16),
            back = Output(new Shape(33));
        Backend.Fill(y, 1.25);
        AssertClose(y, [.. Enumerable.Repeat(1.25, 33)]);
        double[] values = [1 + (1 / 256.0), 1 + (3 / 256.0), -1e30, double.NaN, .. Enumerable.Range(0, 29).Select(i => i - 11.0)];
        Backend.Convert(Of(new Shape(33), values), halves);
        Backend.Convert(halves, back);
        Assert.That(Read(back)[..2], Is.EqualTo(new[] { 1, 1 + (4 / 256.0) }), "ties go to the even neighbour");
        Assert.That(Read(back)[2], Is.EqualTo(-1e30).Within(0.4).Percent);
        Assert.That(Read(back)[3], Is.NaN);
        Assert.That(Read(back)[4..], Is.EqualTo(values[4..]));
        Tensor bytes = Output(new Shape(5), DType.UInt8);
        Backend.Fill(bytes, 200);
        Assert.That(Read(bytes), Has.All.EqualTo(200));
    }

    [Test]
    public void DifferentShapesAreRefused() =>
        Assert.That(
            () => Backend.Binary(BinaryFunction.Add, Normal(new Shape(3)), Normal(new Shape(4)), Output(new Shape(3))),
            Throws.ArgumentException.With.Message.Contains("(4)")
        );
}
