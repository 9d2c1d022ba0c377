using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Export;

/// <summary>
/// Weights of trained networks as safetensors files with what a reader has to know in their header. docs/export.md describes
/// names and axes; samples/load_weights.py reads them.
/// </summary>
public static class WeightsExport
{
    private const string Layout =
        "kernels are (depth, height, width, input channels, output channels), those of transposed convolutions (depth, height, "
        + "width, output channels, input channels), those of linear layers (inputs, outputs); gamma, beta, running_mean and "
        + "running_variance are (modalities, channels), one row where the modalities share them; NAME.m0.kernel is the first "
        + "modality's own kernel where they share none";

    /// <summary>Writes the network that predicts, all modalities in one file.</summary>
    /// <param name="path">The file, which is replaced.</param>
    /// <param name="model">The network.</param>
    public static void Write(string path, TrainedModel model)
    {
        var texts = ModelTexts.Common(model.Description, model.Step);
        foreach (Modality modality in model.Description.Modalities.Select(model.Description.ModalityOf))
            texts[$"normalization.{modality.Name}"] = ModelTexts.NormalizationOf(model.Description, modality);
        Write(path, model.Network.Parameters, texts);
    }

    /// <summary>Writes a network that classifies images.</summary>
    /// <param name="path">The file, which is replaced.</param>
    /// <param name="model">The network.</param>
    public static void Write(string path, TrainedClassifier model) =>
        Write(path, model.Network.Parameters, ModelTexts.Of(model.Description, model.Step));

    private static void Write(string path, ParameterStore parameters, Dictionary<string, string> texts)
    {
        texts["layout"] = Layout;
        SafetensorsFile.Write(path, ArraysOf(parameters), texts);
    }

    /// <summary>All parameters, in the order in which the network made them.</summary>
    internal static IReadOnlyList<NamedArray> ArraysOf(ParameterStore parameters) =>
        [.. parameters.All.Select(parameter => parameter.Value.ToNamedArray(parameter.Name))];
}
