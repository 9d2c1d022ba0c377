using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>
/// The distinct convolutions of a network, as its forward pass asks for them. Named after the parameters that they multiply by
/// (up to the first dot) and their sizes: "g5 g6 256->256 3x3 at 32".
/// </summary>
public static class NetworkLayers
{
    /// <summary>Those of a configuration's training step.</summary>
    /// <param name="config">Network and sizes; its batch is of one modality, and both are in a layer's batch.</param>
    public static IReadOnlyList<NetworkLayer> Of(TrainingConfig config)
    {
        ModelDescription model = MadeUpData.Volumes(config);
        ModalityIndex modality = ModalityIndex.Blocks(MadeUpData.Modalities, config.Training.Batch);
        return Of(
            config.Definition.NetworkOf(config),
            modality,
            MadeUpWork.ImagesOf(modality, model.Preprocessing.Shape),
            MadeUpData.Classes
        );
    }

    /// <summary>Those of any network, in the order of its forward pass.</summary>
    /// <param name="network">Which.</param>
    /// <param name="modality">Modality of each sample.</param>
    /// <param name="images">(samples, depth, height, width, channels).</param>
    /// <param name="classes">Classes with background.</param>
    /// <exception cref="ArgumentException">The network takes no such images.</exception>
    /// <exception cref="InvalidOperationException">The network reads values, and there are none.</exception>
    public static IReadOnlyList<NetworkLayer> Of(NetworkDescription network, ModalityIndex modality, Shape images, int classes)
    {
        IReadOnlyList<RecordedConvolution> recorded = ConvolutionRecorder.Record(network, modality, images, classes);
        ILookup<string, int?> shares = recorded
            .Select(convolution => convolution.Kernel)
            .Distinct()
            .ToLookup(kernel => kernel.Parameter, kernel => kernel.First);
        return
        [
            .. from convolution in recorded
            let kernel = convolution.Kernel
            let part = kernel.First is null ? 0 : 1 + shares[kernel.Parameter].ToList().IndexOf(kernel.First)
            group kernel.Parameter.Split('.')[0] by (
                Layer: new NetworkLayer("", convolution.Problem)
                {
                    IsTransposed = convolution.IsTransposed,
                    ReadsImages = !convolution.HasDataGradient,
                    Accumulates = convolution.Accumulates,
                },
                Part: part
            ) into equal
            select equal.Key.Layer with
            {
                Name = string.Join(
                    ' ',
                    [
                        .. equal.Distinct(),
                        .. equal.Key.Part == 0 ? [] : new[] { $"part {equal.Key.Part}" },
                        Sizes(equal.Key.Layer, network.Definition.IsVolumetric),
                    ]
                ),
                Count = equal.Count(),
            },
        ];
    }

    /// <summary>FLOPs of the convolutions of one sample's forward pass.</summary>
    public static double SampleFlops(TrainingConfig config) =>
        Of(config).Sum(layer => layer.Count * layer.Problem.FlopsWithinImage) / (MadeUpData.Modalities * config.Training.Batch);

    /// <summary>Channels, kernel, what is unusual, and the extent of the input.</summary>
    private static string Sizes(NetworkLayer layer, bool isVolumetric)
    {
        ConvolutionProblem problem = layer.Problem;
        (int inputs, int outputs, Size3 extent) = layer.IsTransposed
            ? (problem.OutputChannels, problem.InputChannels, problem.Output)
            : (problem.InputChannels, problem.OutputChannels, problem.Input);
        string dilation = problem.Dilation == Size3.One ? "" : $"dilated {Text(problem.Dilation)} ",
            stride = layer.IsTransposed ? " transposed"
            : problem.Stride == Size3.One ? ""
            : $" stride {Text(problem.Stride)}",
            at = !isVolumetric && extent.Height == extent.Width ? $"{extent.Height}" : Text(extent);
        return $"{dilation}{inputs}->{outputs} {Text(problem.Kernel)}{stride} at {at}";

        string Text(Size3 size) => isVolumetric ? size.ToString() : $"{size.Height}x{size.Width}";
    }
}
