using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class SgdTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    [Test]
    public void OneUpdate([Values(1, 5, 17, 33, 70_001)] int size, [Values] bool nesterov, [Values(0, 0.9)] double momentum)
    {
        var settings = new SgdSettings(Rate: 0.05, momentum, WeightDecay: 0.01, nesterov);
        AssertUpdates([Update(settings, size)]);
    }

    /// <summary>More than one launch takes, of different sizes and settings.</summary>
    [Test]
    public void ManyTensors()
    {
        var settings = new SgdSettings(0.05, 0.9, 0.01, Nesterov: false);
        AssertUpdates([
            .. Enumerable
                .Range(0, 150)
                .Select(i =>
                    Update(settings with { WeightDecay = i % 2 * 0.1, Nesterov = i % 3 == 0 }, i == 70 ? 9000 : 1 + (i % 19))
                ),
        ]);
    }

    private SgdUpdate Update(SgdSettings settings, int size) =>
        new(settings, Normal(new Shape(size)), Normal(new Shape(size)), Normal(new Shape(size)));

    private void AssertUpdates(SgdUpdate[] updates)
    {
        (double[] W, double[] G, double[] Velocity)[] before = [.. updates.Select(u => (Read(u.W), Read(u.G), Read(u.Velocity)))];
        Backend.Sgd(updates);
        foreach ((SgdUpdate update, (double[] w, double[] g, double[] velocity)) in updates.Zip(before))
        {
            SgdSettings s = update.Settings;
            for (int i = 0; i < w.Length; i++)
            {
                double gradient = g[i] + (s.WeightDecay * w[i]);
                velocity[i] = (s.Momentum * velocity[i]) + gradient;
                w[i] -= s.Rate * (s.Nesterov ? gradient + (s.Momentum * velocity[i]) : velocity[i]);
            }

            Assert.That(Read(update.W), Is.EqualTo(w).Within(Tolerance * w.Max(Math.Abs)));
            Assert.That(Read(update.Velocity), Is.EqualTo(velocity).Within(Tolerance * velocity.Max(Math.Abs)));
        }
    }
}
