using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Profiling;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Schemes;
using UnpairedSegEngine.Segmentation.Training;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Profiling;

/// <summary>Runs a configuration's training step, or its network's forward pass, on made-up images and records the operations.</summary>
public static class StepProfiler
{
    /// <summary>Classes of the profiled network, with background.</summary>
    public const int Classes = 5;

    private const int Modalities = 2;

    /// <param name="config">Network, sizes, scheme and losses.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="threads">Threads that the processor's peaks are measured with, where the backend knows none.</param>
    /// <param name="prediction">A forward pass of one sample instead of a training step.</param>
    public static StepProfile Run(TrainingConfig config, Backend backend, int threads, bool prediction)
    {
        using var profiling = new ProfilingBackend(backend);
        bool is3D = config.Network.Name == NetworkName.Unet3d;
        ISegmentationNetwork network = Scheme.Of(config).CreateNetwork(config, backend.Device, Modalities, Classes);
        using ParameterStore parameters = network.Parameters;
        int samples = prediction ? 1 : Modalities * config.Training.Batch;
        var shape = new Shape(samples, is3D ? config.Data.Depth : 1, config.Data.Size, config.Data.Size, network.InputChannels);
        float[] images = [.. Enumerable.Range(0, (int)shape.Count).Select(i => MathF.Sin(i * 0.37f))];
        using TrainingStep? step = prediction ? null : new TrainingStep(
            profiling, network, Scheme.Of(config).LossOf(config), Scheme.OptimizerOf(config, Modalities), (ulong)config.Training.Seed);
        if (step is null)
            Predict(profiling, network, images, shape);
        else
            Train(profiling, step, images, shape, config.Training.Batch);
        DevicePeaks peaks = backend.Peaks ?? MeasurePeaks(threads);
        return new StepProfile(profiling.Records, peaks.GFlops, peaks.GBytes) { Kernels = profiling.Kernels };
    }

    private static DevicePeaks MeasurePeaks(int threads)
    {
        using var team = new CpuThreads(threads);
        return new DevicePeaks(ProcessorPeaks.MultiplyAdd(team), ProcessorPeaks.Bandwidth(team));
    }

    /// <summary>The first step loads code and memory; the second too, where it is not recorded. What is timed last is a step of all the same.</summary>
    private static void Train(ProfilingBackend backend, TrainingStep step, float[] images, Shape shape, int batch)
    {
        byte[] labels = [.. Enumerable.Range(0, images.Length / shape[^1]).Select(i => (byte)(i / 11 % Classes))];
        ModalityIndex modality = ModalityIndex.Blocks(Modalities, batch);
        step.Run(1, images, shape, labels, modality);
        backend.Restart();
        step.Run(2, images, shape, labels, modality);
        if (step.Recording is null)
            backend.Restart();
        step.Run(3, images, shape, labels, modality);
    }

    private static void Predict(ProfilingBackend backend, ISegmentationNetwork network, float[] images, Shape shape)
    {
        for (int pass = 1; pass <= 3; pass++)
        {
            backend.Restart();
            using TensorScope scope = TensorScope.Open(backend.Device);
            var context = new ForwardContext(new Tape(backend, recording: false), ModalityIndex.Single(Modalities, 0, shape[0]), Training: false);
            network.Forward(context, new Variable(Tensor.From<float>(backend.Device, shape, images)));
        }
    }
}
