using System.Diagnostics;
using System.Globalization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Training;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench;

/// <summary>Times whole training steps of a network on made-up images, half of the batch of each modality.</summary>
internal static class StepBench
{
    public static void Run(Options options)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, options.Threads, exact: options.Exact);
        var store = new ParameterStore(device, DType.Float32, 1);
        ISegmentationNetwork network = options.Is3D
            ? new UNet3D(store, 1, NetworkLayers.Classes, options.Channels, new NormalizationSettings())
            : new DilatedNetwork2D(store, NetworkLayers.Slices, NetworkLayers.Classes, options.Channels, new NormalizationSettings());
        using var step = new TrainingStep(backend, network, new LossSettings(), new OptimizerSettings(), seed: 1);
        var shape = new Shape(options.Batch, options.Is3D ? options.Depth : 1, options.Size, options.Size, network.InputChannels);
        float[] images = [.. Enumerable.Range(0, (int)shape.Count).Select(i => MathF.Sin(i * 0.37f))];
        byte[] labels = [.. Enumerable.Range(0, (int)(shape.Count / network.InputChannels)).Select(i => (byte)(i / 11 % NetworkLayers.Classes))];
        ModalityIndex modality = ModalityIndex.Blocks(2, options.Batch / 2);

        using var team = new CpuThreads(options.Threads);
        double peak = ProcessorPeaks.MultiplyAdd(team);
        long number = 0;
        Measurement time = Measurement.Of(options.Seconds, () => step.Run(++number, images, shape, labels, modality));
        double flops = 3 * NetworkLayers.Of(options).Sum(l => l.Count * l.Problem.FlopsWithinImage);
        double rate = flops / time.MinimumMilliseconds / 1e6;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{options.Network} step F={options.Channels} {options.Size}x{options.Size}{(options.Is3D ? $"x{options.Depth}" : "")} batch {options.Batch / 2}+{options.Batch / 2}, {options.Threads} threads: min {time.MinimumMilliseconds:F0} ms, median {time.MedianMilliseconds:F0} ms over {time.Runs} steps, {flops / 1e9:F0} GFLOP, {rate:F0} GFLOP/s = {100 * rate / peak:F0} % of the FMA peak ({peak:F0}); peak memory {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB (tensors {device.Pool.PeakLiveBytes >> 20} MiB)"));
        network.Parameters.Dispose();
    }
}
