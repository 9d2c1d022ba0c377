using System.Globalization;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>
/// One step in bf16: the processor beside the CUDA kernels, which round at the same places, and both beside float32. Plain
/// descent, so that the change of the weights is the gradient.
/// </summary>
internal sealed class BFloat16StepTests
{
    /// <summary>
    /// An operand or a stored tensor has a relative error of 2^-9 at most, 2e-3 as root mean square of a layer's result
    /// (docs/numerics.md). Errors of some thirty layers, forward and back, add up as their squares do.
    /// </summary>
    private const double LossTolerance = 5e-3,
        GradientTolerance = 0.1;

    [Test]
    public void The_processor_rounds_as_the_kernels_do([Values(NetworkName.Unet3d)] NetworkName network)
    {
        (double loss, double[] gradient) = Step("cpu Fp32", network);
        (double cpuLoss, double[] cpuGradient) = Step("cpu Bf16", network);
        (double cudaLoss, double[] cudaGradient) = Step("cuda emulated Bf16", network);
        double cpu = Distance(cpuGradient, gradient),
            cuda = Distance(cudaGradient, gradient),
            between = Distance(cpuGradient, cudaGradient);
        TestContext.Out.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| {network} | {Math.Abs(cpuLoss - loss):0.0e+0} | {Math.Abs(cudaLoss - loss):0.0e+0} | "
                    + $"{Math.Abs(cpuLoss - cudaLoss):0.0e+0} | {cpu:0.0e+0} | {cuda:0.0e+0} | {between:0.0e+0} |"
            )
        );
        Assert.Multiple(() =>
        {
            Assert.That(cpuLoss, Is.EqualTo(loss).Within(LossTolerance).And.Not.EqualTo(loss));
            Assert.That(cudaLoss, Is.EqualTo(loss).Within(LossTolerance).And.Not.EqualTo(loss));
            Assert.That(cpu, Is.LessThan(GradientTolerance), "the processor's gradients from those of float32");
            Assert.That(cuda, Is.LessThan(GradientTolerance), "the kernels' gradients from those of float32");
            Assert.That(between, Is.LessThan(GradientTolerance), "the processor's gradients from the kernels'");
        });
    }

    private static (double Loss, double[] Gradient) Step(string backend, NetworkName network)
    {
        using var bench = new TrainingBench(
            BackendByName.Open(backend, records: false),
            ownsDevice: true,
            network: network,
            optimizer: new OptimizerConfig { Name = OptimizerName.Sgd, LearningRate = 1 }
        );
        double[] before = Weights();
        double loss = bench.Step(1).Total;
        return (loss, [.. before.Zip(Weights(), (a, b) => a - b)]);

        double[] Weights() =>
            [.. bench.Network.Parameters.Trainable.SelectMany(p => p.Value.ToArray<float>()).Select(v => (double)v)];
    }

    /// <summary>Of the difference, over that of what it is compared with.</summary>
    private static double Distance(double[] a, double[] b) =>
        Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum() / b.Sum(y => y * y));
}
