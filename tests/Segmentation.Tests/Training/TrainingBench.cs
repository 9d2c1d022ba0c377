using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Methods.Volumes;
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

    public const int Classes = 3;

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
    /// <param name="build">Makes the network, of that kind, in place of the bench's own.</param>
    public TrainingBench(
        Backend backend,
        bool ownsDevice,
        UmmkdLoss? loss = null,
        double keep = 0.75,
        NetworkName network = NetworkName.Dilated2d,
        int size = 16,
        OptimizerConfig? optimizer = null,
        ScheduleConfig? schedule = null,
        Scheme? scheme = null,
        Func<ParameterStore, ISegmentationNetwork>? build = null
    )
    {
        (this.backend, this.ownsDevice) = (backend, ownsDevice);
        var store = new ParameterStore(Device, DType.Float32, 1);
        bool is3D = network == NetworkName.Unet3d;
        Network =
            build is not null ? build(store)
            : is3D ? UNetOf(store)
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

    /// <summary>The 3D network.</summary>
    public static UNet3D UNetOf(ParameterStore store, int classes = Classes) =>
        new(
            store,
            1,
            classes,
            2,
            new NormalizationSettings(),
            new UNetLevels([Size3.Cube(3), Size3.Cube(3), Size3.Planar(3)], [Size3.Cube(2), Size3.Planar(2)])
        );

    public Device Device => backend.Device;

    public Shape Shape => shape;

    public ModalityIndex Modality { get; } = ModalityIndex.Blocks(2, SamplesPerModality);

    public byte[] Labels => labels;

    /// <summary>Trained, of all modules.</summary>
    public IEnumerable<(string Name, float[] Values)> Parameters =>
        method
            .Modules.SelectMany(module => module.Parameters.Trainable)
            .Select(parameter => (parameter.Name, parameter.Value.ToArray<float>()));

    /// <summary>Those of the coarser level of the 3D network.</summary>
    public byte[] CoarseMap
    {
        get
        {
            var coarse = new byte[labels.Length / 8];
            for (int sample = 0; sample < shape[0]; sample++)
                CoarseLabels.Pick(
                    labels.AsSpan(sample * labels.Length / shape[0], labels.Length / shape[0]),
                    new Shape(shape[1], shape[2], shape[3]),
                    Size3.Cube(2),
                    coarse.AsSpan(sample * coarse.Length / shape[0], coarse.Length / shape[0])
                );
            return coarse;
        }
    }

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
        BatchTensor[] coarse = method.Loss.DeepLevels == 0 ? [] : [CoarseTensor()];
        var batch = new Batch(
            modality ?? Modality,
            [
                BatchTensor.Of(VariedSamples.Images, shape, Images),
                BatchTensor.Of(VariedSamples.Labels, new Shape(shape.AsSpan()[..^1]), labels),
                .. coarse,
            ]
        );
        return runner.Run(
            number,
            DeviceAugmentation?.Vary(batch, sample => new PhiloxStream(4, (uint)number, (uint)sample, 0)) ?? batch
        );
    }

    private BatchTensor CoarseTensor() =>
        BatchTensor.Of(CoarseLabels.NameOf(0), new Shape(shape[0], shape[1] / 2, shape[2] / 2, shape[3] / 2), CoarseMap);

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
