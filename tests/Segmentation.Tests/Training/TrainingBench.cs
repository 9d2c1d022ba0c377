using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>A small network with a fixed batch, on any backend.</summary>
internal sealed class TrainingBench : IDisposable
{
    public const int SamplesPerModality = 2;

    private const int Classes = 3;

    private readonly bool ownsDevice;
    private readonly Backend backend;
    private readonly UmmkdMethod method;
    private readonly StepRunner runner;
    private readonly byte[] labels;
    private readonly Shape shape;

    /// <summary>One for all steps, as a source of samples has.</summary>
    private DeviceAugmentation? device;

    /// <param name="backend">Where to train; disposed with the bench.</param>
    /// <param name="ownsDevice">Whether its device is disposed too.</param>
    /// <param name="loss">Weights of the losses.</param>
    /// <param name="keep">Probability that dropout keeps an element.</param>
    /// <param name="network">The 2D network, or a 3D U-Net of three levels on blocks of two slices.</param>
    /// <param name="size">Height and width of the images.</param>
    /// <param name="optimizer">Adam if not given.</param>
    /// <param name="schedule">When gradients are measured; never if not given.</param>
    /// <param name="scheme">What a step does beside the loss.</param>
    public TrainingBench(
        Backend backend,
        bool ownsDevice,
        UmmkdLoss? loss = null,
        double keep = 0.75,
        NetworkName network = NetworkName.Dilated2d,
        int size = 16,
        OptimizerConfig? optimizer = null,
        ScheduleConfig? schedule = null,
        Scheme? scheme = null
    )
    {
        (this.backend, this.ownsDevice) = (backend, ownsDevice);
        var store = new ParameterStore(Device, DType.Float32, 1);
        bool is3D = network == NetworkName.Unet3d;
        Network = is3D
            ? new UNet3D(
                store,
                1,
                Classes,
                2,
                new NormalizationSettings(),
                new UNetLevels([Size3.Cube(3), Size3.Cube(3), Size3.Planar(3)], [Size3.Cube(2), Size3.Planar(2)])
            )
            : new DilatedNetwork2D(store, 3, Classes, 2, new NormalizationSettings(), keep);
        method = new UmmkdMethod(
            backend,
            Network,
            loss ?? Loss(new DistillationConfig()),
            optimizer ?? new OptimizerConfig { LearningRate = 3e-3 },
            seed: 9,
            ["CT", "MR"],
            ["background", "a", "b"],
            schedule,
            scheme
        );
        runner = new StepRunner(method);
        shape = new Shape(2 * SamplesPerModality, is3D ? 2 : 1, size, size, Network.InputChannels);
        int channels = Network.InputChannels,
            pixels = (int)shape.Count / channels;
        labels = [.. Enumerable.Range(0, pixels).Select(i => (byte)(i % size / 6))];
        Images =
        [
            .. Enumerable.Range(0, pixels * channels).Select(i => (0.7f * labels[i / channels]) + (0.3f * MathF.Sin(i * 1.3f))),
        ];
    }

    public Device Device => backend.Device;

    public ISegmentationNetwork Network { get; }

    public float[] Images { get; }

    public IEnumerable<(string Name, Tensor Value)> OptimizerState => method.Optimizers.SelectMany(one => one.State);

    public IRecording? Recording => runner.Recording;

    public static TrainingBench OnCpu(
        int threads,
        Device? device = null,
        UmmkdLoss? loss = null,
        NetworkName network = NetworkName.Dilated2d
    ) => new(new CpuBackend(device ?? Device.OpenCpu(), threads), device is null, loss, network: network);

    public static UmmkdLoss Loss(DistillationConfig distillation) => new(new LossConfig(), distillation);

    /// <summary>Varies the images of every step in its own way, on the device; null leaves them as they are.</summary>
    public Augmentation? Augmentation { get; init; }

    public LossReport Step(long number, ModalityIndex? modality = null)
    {
        var batch = new Batch(
            modality ?? ModalityIndex.Blocks(2, SamplesPerModality),
            BatchTensor.Of(VariedSamples.Images, shape, Images),
            BatchTensor.Of(VariedSamples.Labels, new Shape(shape.AsSpan()[..^1]), labels)
        );
        return runner.Run(
            number,
            DeviceAugmentation?.Vary(batch, sample => new PhiloxStream(4, (uint)number, (uint)sample, 0)) ?? batch
        );
    }

    private DeviceAugmentation? DeviceAugmentation =>
        Augmentation is null
            ? null
            : device ??= new DeviceAugmentation(
                Augmentation,
                new SampleShape(shape[2], shape[3], shape[1] == 1 ? shape[4] : 1, shape[1])
            );

    public void AverageWeights(double decay) => method.AverageWeights(decay);

    public IDisposable UseMeans() => method.Average!.Use();

    public float[] Means() => [.. method.Average!.Means.SelectMany(mean => mean.Value.ToArray<float>())];

    public float[] Weights() => [.. Network.Parameters.All.SelectMany(p => p.Value.ToArray<float>())];

    public void Dispose()
    {
        runner.Dispose();
        method.Dispose();
        Device device = Device;
        backend.Dispose();
        if (ownsDevice)
            device.Dispose();
    }
}
