using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Export.Onnx;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Export;

/// <summary>
/// Trained networks as ONNX files, for any program with an ONNX runtime. A network of several modalities becomes a file for each:
/// their statistics, and kernels where they have their own, are constants in it.
/// </summary>
public static class OnnxExport
{
    /// <summary>Writes a network on volumes for one modality.</summary>
    /// <param name="path">The file, which is replaced.</param>
    /// <param name="model">The network.</param>
    /// <param name="modality">One that the model knows.</param>
    /// <exception cref="NotSupportedException">The network computes something that has no translation.</exception>
    public static void Write(string path, TrainedModel model, Modality modality) =>
        Write(path, model.Description, model.Network, modality, model.Step);

    /// <summary>The same of a network and its description.</summary>
    internal static void Write(
        string path,
        ModelDescription description,
        ISegmentationNetwork network,
        Modality modality,
        long step
    )
    {
        SampleShape sample = description.Preprocessing.Shape;
        Write(
            path,
            OnnxTracer.Trace(
                device => description.BuildNetwork(device),
                network.Parameters,
                ModalityIndex.Single(description.Modalities.Count, modality.Index, 1),
                new Shape(1, sample.Depth, sample.Height, sample.Width, sample.Channels),
                isPlanar: sample.Depth == 1
            ),
            ModelTexts.Of(description, network, modality, step)
        );
    }

    /// <summary>Writes a network that classifies images.</summary>
    /// <param name="path">The file, which is replaced.</param>
    /// <param name="model">The network.</param>
    /// <exception cref="NotSupportedException">The network computes something that has no translation.</exception>
    public static void Write(string path, TrainedClassifier model) => Write(path, model.Description, model.Network, model.Step);

    /// <summary>The same of a network and its description.</summary>
    internal static void Write(string path, ClassifierDescription description, Classifier network, long step) =>
        Write(
            path,
            OnnxTracer.Trace(
                device => description.BuildNetwork(device),
                network.Parameters,
                ModalityIndex.Single(1, 0, 1),
                new Shape(1, 1, description.Shape.Height, description.Shape.Width, description.Shape.Channels),
                isPlanar: true
            ),
            ModelTexts.Of(description, step)
        );

    private static void Write(string path, TracedNetwork network, Dictionary<string, string> texts) =>
        OnnxFile.Write(path, network, texts["network"], RunInfo.OfThisProcess([]).Version, texts);
}
