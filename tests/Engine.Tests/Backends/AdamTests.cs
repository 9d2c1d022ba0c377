using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class AdamTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    [Test]
    public void OneUpdate([Values(1, 5, 17, 33, 70_001)] int size)
    {
        var settings = new AdamSettings(Rate: 1e-3, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, L2: 1e-4);
        Tensor w = Normal(new Shape(size)),
            g = Normal(new Shape(size)),
            m = Normal(new Shape(size)),
            v = Positive(new Shape(size));
        double[] weights = Read(w),
            gradients = Read(g),
            first = Read(m),
            second = Read(v);
        Backend.Adam(settings, w, g, m, v);
        for (int i = 0; i < size; i++)
        {
            double gradient = gradients[i] + (settings.L2 * weights[i]);
            first[i] = (0.9 * first[i]) + (0.1 * gradient);
            second[i] = (0.999 * second[i]) + (0.001 * gradient * gradient);
            weights[i] -= 1e-3 * first[i] / (Math.Sqrt(second[i]) + 1e-8);
        }

        Assert.That(Read(w), Is.EqualTo(weights).Within(3e-7 * weights.Max(Math.Abs)));
        Assert.That(Read(m), Is.EqualTo(first).Within(3e-7 * first.Max(Math.Abs)));
        Assert.That(Read(v), Is.EqualTo(second).Within(3e-7 * second.Max(Math.Abs)));
    }
}
