using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Ilgpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Training;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>A training step of a small network is the same step on every backend.</summary>
internal sealed class BackendAgreementTests
{
    private const int Size = 16, SamplesPerModality = 2;

    private static readonly Lazy<Outcome> OnCpu = new(() => Train(device => new CpuBackend(device, 2)));

    [Test]
    public void Ilgpu() => RequireAgreement(Train(device => new IlgpuBackend(device)));

    [Test]
    public void Emulated_cuda()
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        RequireAgreement(Train(device => CudaBackend.OpenEmulated(device)));
    }

    private static void RequireAgreement(Outcome actual)
    {
        foreach ((string name, double[] values) in actual.Values)
        {
            double[] expected = OnCpu.Value.Values[name];
            double difference = Norm(values.Zip(expected, (a, b) => a - b));
            Assert.That(difference, Is.LessThanOrEqualTo(1e-5 * Norm(expected)), name);
        }
    }

    private static double Norm(IEnumerable<double> values) => Math.Sqrt(values.Sum(v => v * v));

    private static Outcome Train(Func<Device, Backend> open)
    {
        using Device device = Device.OpenCpu();
        using Backend backend = open(device);
        using var parameters = new ParameterStore(device, DType.Float32, seed: 1);
        var network = new DilatedNetwork2D(parameters, 3, 3, 2, new NormalizationSettings());
        using var step = new TrainingStep(backend, network, new LossSettings(), new OptimizerSettings(), seed: 9);
        int pixels = 2 * SamplesPerModality * Size * Size;
        byte[] labels = [.. Enumerable.Range(0, pixels).Select(i => (byte)(i % Size / 6))];
        float[] images = [.. Enumerable.Range(0, pixels * 3).Select(i => (0.7f * labels[i / 3]) + (0.3f * MathF.Sin(i * 1.3f)))];
        SegmentationLossTerms terms = step.Run(1, images, new Shape(2 * SamplesPerModality, 1, Size, Size, 3), labels, ModalityIndex.Blocks(2, SamplesPerModality));
        double[] All(IEnumerable<Tensor> tensors) => [.. tensors.SelectMany(tensor => tensor.ToArray<float>()).Select(v => (double)v)];
        return new(new()
        {
            ["loss"] = [terms.Total],
            ["gradients (first moments)"] = All(step.Optimizer.State.Where(moment => moment.Name.EndsWith(".m", StringComparison.Ordinal)).Select(moment => moment.Value)),
            ["weights and statistics"] = All(parameters.All.Select(parameter => parameter.Value)),
        });
    }

    private sealed record Outcome(Dictionary<string, double[]> Values);
}
