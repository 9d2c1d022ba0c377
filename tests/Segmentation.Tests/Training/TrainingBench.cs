using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Training;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>A small network with a fixed batch, on any backend.</summary>
internal sealed class TrainingBench : IDisposable
{
    public const int SamplesPerModality = 2;

    private const int Size = 16;

    private readonly bool ownsDevice;
    private readonly Backend backend;
    private readonly TrainingStep step;
    private readonly byte[] labels;

    /// <param name="backend">Where to train; disposed with the bench.</param>
    /// <param name="ownsDevice">Whether its device is disposed too.</param>
    /// <param name="loss">Weights of the losses.</param>
    /// <param name="keep">Probability that dropout keeps an element.</param>
    public TrainingBench(Backend backend, bool ownsDevice, LossSettings? loss = null, double keep = 0.75)
    {
        (this.backend, this.ownsDevice) = (backend, ownsDevice);
        Network = new DilatedNetwork2D(new ParameterStore(Device, DType.Float32, 1), 3, 3, 2, new NormalizationSettings(), keep);
        step = new TrainingStep(backend, Network, loss ?? new LossSettings(), new OptimizerSettings(LearningRate: 3e-3), seed: 9);
        int pixels = 2 * SamplesPerModality * Size * Size;
        labels = [.. Enumerable.Range(0, pixels).Select(i => (byte)(i % Size / 6))];
        Images = [.. Enumerable.Range(0, pixels * 3).Select(i => (0.7f * labels[i / 3]) + (0.3f * MathF.Sin(i * 1.3f)))];
    }

    public Device Device => backend.Device;

    public DilatedNetwork2D Network { get; }

    public float[] Images { get; }

    public IEnumerable<(string Name, Tensor Value)> OptimizerState => step.Optimizer.State;

    public static TrainingBench OnCpu(int threads, Device? device = null, LossSettings? loss = null)
        => new(new CpuBackend(device ?? Device.OpenCpu(), threads), device is null, loss);

    public SegmentationLossTerms Step(long number, ModalityIndex? modality = null)
        => step.Run(number, Images, new Shape(2 * SamplesPerModality, 1, Size, Size, 3), labels, modality ?? ModalityIndex.Blocks(2, SamplesPerModality));

    public float[] Weights() => [.. Network.Parameters.All.SelectMany(p => p.Value.ToArray<float>())];

    public void Dispose()
    {
        step.Dispose();
        Network.Parameters.Dispose();
        Device device = Device;
        backend.Dispose();
        if (ownsDevice)
            device.Dispose();
    }
}
