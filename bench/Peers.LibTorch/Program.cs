using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using CommandLine;
using TorchSharp;
using UnpairedSegEngine.Bench.Peers;

return Parser
    .Default.ParseArguments<StepOptions, InferOptions, LayersOptions, CheckOptions>(args)
    .MapResult(
        (StepOptions options) => Guard(options, () => Report(options, StepBench.Run(options))),
        (InferOptions options) => Guard(options, () => Report(options, InferBench.Run(options))),
        (LayersOptions options) => Guard(options, () => RunLayers(options)),
        (CheckOptions options) => Guard(options, Check.Run),
        _ => 2
    );

static int Guard(Options options, Action run)
{
    try
    {
        options.Validate();
        NativeLibraryPatch.Apply();
        if (options.Tuned)
            ProcessMemory.KeepFreed();
        torch.set_num_threads(options.Threads);
        torch.manual_seed(1);
        run();
        return 0;
    }
    catch (Exception e)
        when (e
                is ArgumentException
                    or InvalidOperationException
                    or IOException
                    or TypeInitializationException
                    or NotSupportedException
                    or ExternalException
        )
    {
        // libtorch appends the frames of its stack.
        Console.Error.WriteLine($"Peers.LibTorch: {e.GetBaseException().Message.Split('\n')[0]}");
        return 2;
    }
}

static void Report(Options options, PeerResult result)
{
    Console.WriteLine(result);
    Write(options, result);
}

static void RunLayers(LayersOptions options)
{
    var layers = new List<LayerResult>();
    foreach (LayerResult layer in LayerBench.Run(options))
    {
        layers.Add(layer);
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{layer.Layer, -48} {layer.Pass, -16} {layer.MsMin, 9:F3} ms (median {layer.MsMedian, 9:F3})"
            )
        );
    }

    Write(
        options,
        new
        {
            options.Network,
            Mode = "layers",
            options.Tuned,
            Layout = options.Layout.Name(),
            options.Threads,
            options.Channels,
            options.Size,
            Depth = options.DepthIn3D,
            options.Batch,
            PeakRssMb = ProcessMemory.PeakMebibytes(),
            layers,
        }
    );
}

static void Write<T>(Options options, T result)
{
    var format = new JsonSerializerOptions { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
    if (options.Json is not null)
        File.WriteAllText(options.Json, JsonSerializer.Serialize(result, format));
}
