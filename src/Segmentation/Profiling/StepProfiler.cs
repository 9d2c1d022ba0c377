using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
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
    /// <param name="backend">Computes; finished when its operations return.</param>
    /// <param name="threads">Threads that the machine's peaks are measured with.</param>
    /// <param name="prediction">A forward pass of one sample instead of a training step.</param>
    public static StepProfile Run(TrainingConfig config, Backend backend, int threads, bool prediction)
    {
        var profiling = new ProfilingBackend(backend);
        bool is3D = config.Network.Name == NetworkName.Unet3d;
        ISegmentationNetwork network = Scheme.Of(config).CreateNetwork(config, backend.Device, Modalities, Classes);
        using ParameterStore parameters = network.Parameters;
        int samples = prediction ? 1 : Modalities * config.Training.Batch;
        var shape = new Shape(samples, is3D ? config.Data.Depth : 1, config.Data.Size, config.Data.Size, network.InputChannels);
        float[] images = [.. Enumerable.Range(0, (int)shape.Count).Select(i => MathF.Sin(i * 0.37f))];
        if (prediction)
            Repeat(profiling, () => Predict(profiling, network, images, shape));
        else
            Train(config, profiling, network, images, shape);
        using var team = new CpuThreads(threads);
        return new StepProfile(profiling.Records, ProcessorPeaks.MultiplyAdd(team), ProcessorPeaks.Bandwidth(team));
    }

    private static void Train(TrainingConfig config, ProfilingBackend backend, ISegmentationNetwork network, float[] images, Shape shape)
    {
        using var step = new TrainingStep(backend, network, Scheme.Of(config).LossOf(config), Scheme.OptimizerOf(config, Modalities), (ulong)config.Training.Seed);
        byte[] labels = [.. Enumerable.Range(0, images.Length / shape[^1]).Select(i => (byte)(i / 11 % Classes))];
        long number = 0;
        Repeat(backend, () => step.Run(++number, images, shape, labels, ModalityIndex.Blocks(Modalities, config.Training.Batch)));
    }

    private static void Predict(ProfilingBackend backend, ISegmentationNetwork network, float[] images, Shape shape)
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        var context = new ForwardContext(new Tape(backend, recording: false), ModalityIndex.Single(Modalities, 0, shape[0]), Training: false);
        network.Forward(context, new Variable(Tensor.From<float>(backend.Device, shape, images)));
    }

    /// <summary>Twice to warm up: code is compiled and memory allocated by then.</summary>
    private static void Repeat(ProfilingBackend backend, Action run)
    {
        run();
        run();
        backend.Restart();
        run();
    }
}
