using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Engine.Tests.Layers;

internal sealed class InitializerTests
{
    private const int Count = 200_000;

    [Test]
    public void Constants() => Assert.That((Initializer.Zeros.Values(3, 1, "a").Sum(), Initializer.Ones.Values(3, 1, "a").Sum()), Is.EqualTo((0f, 3f)));

    /// <summary>A normal distribution cut at two deviations has a deviation of 0.8796 of the uncut one.</summary>
    [Test]
    public void A_truncated_normal_is_cut_at_two_deviations()
    {
        float[] values = Initializer.TruncatedNormal(0.01).Values(Count, 7, "g1.conv0.kernel");
        Assert.That(values.Max(Math.Abs), Is.InRange(0.0199, 0.02));
        Assert.That(values.Average(v => (double)v), Is.Zero.Within(1e-4));
        Assert.That(Deviation(values), Is.EqualTo(0.8796 * 0.01).Within(5e-5));
    }

    [Test]
    public void A_normal_is_not_cut()
    {
        float[] values = Initializer.Normal(2).Values(Count, 7, "w");
        Assert.That(Deviation(values), Is.EqualTo(2).Within(0.02));
        Assert.That(values.Max(Math.Abs), Is.GreaterThan(3 * 2));
    }

    [Test]
    public void Values_depend_on_seed_name_and_element_alone()
    {
        Initializer initializer = Initializer.TruncatedNormal(1);
        float[] values = initializer.Values(Count, 7, "w");
        Assert.That(initializer.Values(Count, 7, "w"), Is.EqualTo(values));
        Assert.That(initializer.Values(100, 7, "w"), Is.EqualTo(values[..100]));
        Assert.That(initializer.Values(100, 8, "w"), Is.Not.EqualTo(values[..100]));
        Assert.That(initializer.Values(100, 7, "v"), Is.Not.EqualTo(values[..100]));
    }

    private static double Deviation(float[] values) => Math.Sqrt(values.Average(v => (double)v * v));
}
