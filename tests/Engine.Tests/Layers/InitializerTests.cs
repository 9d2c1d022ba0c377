using UnpairedSegEngine.Layers;

namespace UnpairedSegEngine.Engine.Tests.Layers;

internal sealed class InitializerTests
{
    private const int Count = 200_000;

    [Test]
    public void Constants() =>
        Assert.That(
            (Values(Initializer.Zeros, 3, 1, "a").Sum(), Values(Initializer.Ones, 3, 1, "a").Sum()),
            Is.EqualTo((0f, 3f))
        );

    /// <summary>A normal distribution cut at two deviations has a deviation of 0.8796 of the uncut one.</summary>
    [Test]
    public void A_truncated_normal_is_cut_at_two_deviations()
    {
        float[] values = Values(Initializer.TruncatedNormal(0.01), Count, 7, "g1.conv0.kernel");
        Assert.That(values.Max(Math.Abs), Is.InRange(0.0199, 0.02));
        Assert.That(values.Average(v => (double)v), Is.Zero.Within(1e-4));
        Assert.That(Deviation(values), Is.EqualTo(0.8796 * 0.01).Within(5e-5));
    }

    [Test]
    public void A_normal_is_not_cut()
    {
        float[] values = Values(Initializer.Normal(2), Count, 7, "w");
        Assert.That(Deviation(values), Is.EqualTo(2).Within(0.02));
        Assert.That(values.Max(Math.Abs), Is.GreaterThan(3 * 2));
    }

    [Test]
    public void Values_depend_on_seed_name_and_element_alone()
    {
        Initializer initializer = Initializer.TruncatedNormal(1);
        float[] values = Values(initializer, Count, 7, "w");
        Assert.That(Values(initializer, Count, 7, "w"), Is.EqualTo(values));
        Assert.That(Values(initializer, 100, 7, "w"), Is.EqualTo(values[..100]));
        Assert.That(Values(initializer, 100, 8, "w"), Is.Not.EqualTo(values[..100]));
        Assert.That(Values(initializer, 100, 7, "v"), Is.Not.EqualTo(values[..100]));
    }

    [Test]
    public void Pieces_make_the_whole()
    {
        Initializer initializer = Initializer.TruncatedNormal(1);
        var pieces = new float[Count];
        for (int first = 0; first < Count; first += 77_777)
            initializer.Fill(pieces.AsMemory(first, Math.Min(77_777, Count - first)), first, 7, "w");
        Assert.That(pieces, Is.EqualTo(Values(initializer, Count, 7, "w")));
    }

    private static float[] Values(Initializer initializer, int count, ulong seed, string name)
    {
        var values = new float[count];
        initializer.Fill(values, 0, seed, name);
        return values;
    }

    private static double Deviation(float[] values) => Math.Sqrt(values.Average(v => (double)v * v));
}
