using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Schedules;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Optimizers;

internal sealed class AdamTests
{
    private Device device = null!;
    private CpuBackend backend = null!;
    private TensorScope scope = null!;

    [SetUp]
    public void Open()
    {
        device = Device.OpenCpu();
        backend = new CpuBackend(device, threads: 1);
        scope = TensorScope.Open(device);
    }

    [TearDown]
    public void Close()
    {
        scope.Dispose();
        backend.Dispose();
        device.Dispose();
    }

    /// <summary>Against the formulas of Kingma and Ba 2015, algorithm 1 in the efficient form of their section 2.</summary>
    [Test]
    public void Updates_follow_the_paper()
    {
        const double l2 = 0.1;
        Tensor decayed = One(2),
            free = One(2);
        using var adam = new Adam(backend, [new("w", decayed, IsDecayed: true), new("beta", free, IsDecayed: false)], l2: l2);
        (double W, double M, double V)[] expected = [(2, 0, 0), (2, 0, 0)];
        for (int step = 1; step <= 4; step++)
        {
            double gradient = Math.Cos(step),
                rate = 0.05 / step;
            adam.Step(step, rate, [One(gradient), One(gradient)]);
            for (int i = 0; i < 2; i++)
            {
                (double w, double m, double v) = expected[i];
                double g = gradient + (i == 0 ? l2 * w : 0);
                (m, v) = ((0.9 * m) + (0.1 * g), (0.999 * v) + (0.001 * g * g));
                expected[i] = (
                    w - (rate * Math.Sqrt(1 - Math.Pow(0.999, step)) / (1 - Math.Pow(0.9, step)) * m / (Math.Sqrt(v) + 1e-8)),
                    m,
                    v
                );
            }

            Assert.That(decayed.ToScalar(), Is.EqualTo(expected[0].W).Within(1e-13), $"step {step}");
            Assert.That(free.ToScalar(), Is.EqualTo(expected[1].W).Within(1e-13), $"step {step}");
        }
    }

    [Test]
    public void Targets_one_by_one_are_updated_as_together()
    {
        Tensor[] together = [One(2), One(3)],
            apart = [One(2), One(3)];
        using Adam whole = Adam(together),
            parts = Adam(apart);
        for (int step = 1; step <= 3; step++)
        {
            whole.Step(step, 0.1, [One(0.5), One(-step)]);
            parts.Step(step, 0.1, 1, One(-step));
            parts.Step(step, 0.1, 0, One(0.5));
        }

        Assert.That(apart.Select(t => t.ToScalar()), Is.EqualTo(together.Select(t => t.ToScalar())));

        Adam Adam(Tensor[] targets) =>
            new(backend, [new("a", targets[0], IsDecayed: true), new("b", targets[1], IsDecayed: false)], l2: 0.1);
    }

    [Test]
    public void A_target_without_a_gradient_stays()
    {
        Tensor first = One(2),
            second = One(3);
        using var adam = new Adam(backend, [new("a", first, false), new("b", second, false)]);
        adam.Step(1, 0.1, [null, One(1)]);
        Assert.That(first.ToScalar(), Is.EqualTo(2));
        Assert.That(second.ToScalar(), Is.EqualTo(2.9).Within(1e-6), "the first step has the length of the rate");
    }

    [Test]
    public void State_is_named_starts_at_zero_and_is_given_back()
    {
        int live = device.Pool.LiveBuffers;
        using (var adam = new Adam(backend, [new("w", One(2), true)]))
        {
            Assert.That(adam.State.Select(s => s.Name), Is.EqualTo(new[] { "w.m", "w.v" }));
            Assert.That(adam.State.Select(s => s.Value.ToScalar()), Is.EqualTo(new[] { 0.0, 0.0 }));
        }

        Assert.That(device.Pool.LiveBuffers, Is.EqualTo(live + 1), "only w itself");
    }

    [TestCase(1, 1e-3)]
    [TestCase(1000, 1e-3)]
    [TestCase(1001, 0.95e-3)]
    [TestCase(2001, 0.9025e-3)]
    public void The_rate_falls_after_every_so_many_steps(long step, double expected) =>
        Assert.That(new StepDecay(1e-3, 0.95, 1000).At(step), Is.EqualTo(expected).Within(1e-15));

    private Tensor One(double value) => Tensor.From<double>(device, new Shape(1), [value]);
}
