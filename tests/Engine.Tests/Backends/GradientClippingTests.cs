using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>The norm of all gradients together, on every backend.</summary>
public sealed class GradientClippingTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    [TestCase(0.01)]
    [TestCase(1)]
    [TestCase(1e-4)]
    public void Gradients_above_the_norm_are_scaled_together(double largest)
    {
        Tensor?[] gradients = [Normal(new Shape(3, 5)), null, Normal(new Shape(1)), Normal(new Shape(1031))];
        double[][] before = [.. gradients.Select(gradient => gradient is null ? [] : Read(gradient))];
        double norm = Math.Sqrt(before.SelectMany(g => g).Sum(g => g * g));
        Assert.That(norm, Is.GreaterThan(10));
        IReadOnlyList<Tensor?> clipped = GradientClipping.ByNorm(Backend, gradients, largest);
        Assert.That(clipped[1], Is.Null);
        foreach ((int i, double[] g) in before.Index().Where(entry => entry.Item.Length > 0))
        {
            double[] expected = [.. g.Select(v => v * largest / norm)];
            Assert.That(Read(clipped[i]!), Is.EqualTo(expected).Within(4 * Tolerance * expected.Max(Math.Abs)), $"gradient {i}");
            Assert.That(Read(gradients[i]!), Is.EqualTo(g), "the gradient itself stays");
        }
    }

    [Test]
    public void Gradients_below_the_norm_keep_their_bits()
    {
        Tensor[] gradients = [Normal(new Shape(7)), Normal(new Shape(2, 9))];
        double norm = Math.Sqrt(gradients.SelectMany(Read).Sum(g => g * g));
        IReadOnlyList<Tensor?> clipped = GradientClipping.ByNorm(Backend, gradients, norm * 1.01);
        Assert.That(clipped.SelectMany(g => Read(g!)), Is.EqualTo(gradients.SelectMany(Read)));
        clipped = GradientClipping.ByNorm(Backend, gradients, norm * 0.99);
        Assert.That(clipped.SelectMany(g => Read(g!)), Is.Not.EqualTo(gradients.SelectMany(Read)));
    }
}
