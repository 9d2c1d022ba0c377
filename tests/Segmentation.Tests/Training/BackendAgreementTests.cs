using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Segmentation.Networks;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>Whole training steps on every backend, against the CPU with direct convolutions.</summary>
internal sealed class BackendAgreementTests
{
    /// <summary>
    /// Loss, gradients (as Adam's first moments) and running statistics of one step: each tensor's difference, relative to its
    /// norm.
    /// Weights are left out: Adam's first update is the sign of the gradient, and that of a gradient of rounding noise is
    /// anyone's guess.
    /// The deepest maps of the 2D network have four pixels here, and what bf16x3 rounds in the first layer is amplified by
    /// normalizations over eight elements, and where it changes the sign before a leaky ReLU.
    /// </summary>
    [TestCase("ilgpu", NetworkName.Dilated2d, 1e-5)]
    [TestCase("cuda emulated Fp32", NetworkName.Dilated2d, 1e-5)]
    [TestCase("cuda emulated Bf16x6", NetworkName.Dilated2d, 1e-5)]
    [TestCase("cuda emulated Bf16x3", NetworkName.Dilated2d, 1e-1)]
    [TestCase("gpu Fp32", NetworkName.Dilated2d, 1e-5, Category = "gpu")]
    [TestCase("gpu Bf16x6", NetworkName.Dilated2d, 1e-5, Category = "gpu")]
    [TestCase("gpu Bf16x3", NetworkName.Dilated2d, 1e-1, Category = "gpu")]
    [TestCase("ilgpu", NetworkName.Unet3d, 1e-5)]
    [TestCase("cuda emulated Fp32", NetworkName.Unet3d, 1e-5)]
    [TestCase("cuda emulated Bf16x6", NetworkName.Unet3d, 1e-5)]
    [TestCase("cuda emulated Bf16x3", NetworkName.Unet3d, 2e-2)]
    [TestCase("gpu Fp32", NetworkName.Unet3d, 1e-5, Category = "gpu")]
    [TestCase("gpu Bf16x6", NetworkName.Unet3d, 1e-5, Category = "gpu")]
    [TestCase("gpu Bf16x3", NetworkName.Unet3d, 2e-2, Category = "gpu")]
    public void One_step_agrees_with_the_cpu(string name, NetworkName network, double tolerance)
    {
        using TrainingBench expected = new(new CpuBackend(Device.OpenCpu(), 2, exact: true), ownsDevice: true, network: network),
            actual = new(BackendByName.Open(name), ownsDevice: true, network: network);
        double expectedLoss = expected.Step(1).Total,
            loss = actual.Step(1).Total;
        Assert.That(loss, Is.EqualTo(expectedLoss).Within(tolerance * Math.Abs(expectedLoss)), "loss");
        foreach (((string tensor, float[] cpu), float[] other) in Moments(expected).Zip(Moments(actual), (a, b) => (a, b.Values)))
        {
            double norm = Math.Sqrt(cpu.Sum(v => (double)v * v)),
                difference = Math.Sqrt(cpu.Zip(other, (a, b) => Math.Pow(a - b, 2)).Sum());
            Assert.That(difference, Is.LessThanOrEqualTo(tolerance * norm), $"{tensor}, whose norm is {norm}");
        }
    }

    /// <summary>The same bits, whatever the order in which warps run.</summary>
    [Test]
    public void Emulated_steps_do_not_depend_on_the_schedule()
    {
        float[] first = TrainEmulated(seed: 1, workers: 1),
            second = TrainEmulated(seed: 99, workers: 2);
        Assert.That(second.AsSpan().SequenceEqual(first));
    }

    private static float[] TrainEmulated(ulong seed, int workers)
    {
        using TrainingBench bench = new(BackendByName.Open("cuda emulated Bf16x3"), ownsDevice: true);
        EmulatedCudaDriver.Configure(workers, seed);
        bench.Step(1);
        EmulatedCudaDriver.Configure(0, 1);
        return bench.Weights();
    }

    private static IEnumerable<(string Name, float[] Values)> Moments(TrainingBench bench) =>
        bench
            .OptimizerState.Where(state => state.Name.EndsWith(".m", StringComparison.Ordinal))
            .Select(state => (state.Name, state.Value.ToArray<float>()))
            .Concat(
                bench
                    .Network.Parameters.All.Where(p => p.Kind == Layers.ParameterKind.Statistic)
                    .Select(p => (p.Name, p.Value.ToArray<float>()))
            );
}
