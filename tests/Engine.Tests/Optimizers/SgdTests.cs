using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Optimizers;

internal sealed class SgdTests
{
    /// <summary>PyTorch's formulas: v = mu v + g + wd w; w -= lr v, or lr (g + wd w + mu v) by Nesterov.</summary>
    [Test]
    public void Updates_follow_PyTorch([Values] bool nesterov)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        using TensorScope scope = TensorScope.Open(device);
        Tensor One(double value) => Tensor.From<double>(device, new Shape(1), [value]);
        Tensor[] weights = [One(2), One(2), One(2)];
        using IOptimizer sgd = new Sgd(
            backend,
            weights.Select((w, i) => new OptimizedTensor($"w{i}", w, IsDecayed: i == 0)),
            momentum: 0.8,
            weightDecay: 0.1,
            nesterov
        );
        Assert.That(sgd.State.Select(s => s.Name), Is.EqualTo(new[] { "w0.velocity", "w1.velocity", "w2.velocity" }));
        double[] expected = [2, 2],
            velocity = [0, 0];
        for (int step = 1; step <= 4; step++)
        {
            double gradient = Math.Cos(step),
                rate = 0.05 / step;
            if (step % 2 == 0)
            {
                sgd.Step(step, rate, [One(gradient), One(gradient), null]);
            }
            else
            {
                sgd.Step(step, rate, 1, One(gradient));
                sgd.Step(step, rate, 0, One(gradient));
            }

            for (int i = 0; i < 2; i++)
            {
                double g = gradient + (i == 0 ? 0.1 * expected[i] : 0);
                velocity[i] = (0.8 * velocity[i]) + g;
                expected[i] -= rate * (nesterov ? g + (0.8 * velocity[i]) : velocity[i]);
                Assert.That(weights[i].ToScalar(), Is.EqualTo(expected[i]).Within(1e-14), $"step {step}");
            }

            Assert.That(sgd.RateOf(step, rate), Is.EqualTo(rate));
        }

        Assert.That(weights[2].ToScalar(), Is.EqualTo(2), "it never had a gradient");
    }
}
