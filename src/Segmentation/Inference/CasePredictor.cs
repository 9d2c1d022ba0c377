using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>
/// Segments whole volumes with a network's running statistics: slice by slice where samples are slices, else by overlapping
/// blocks. Every slice is predicted.
/// </summary>
/// <param name="backend">Computes.</param>
/// <param name="network">With trained weights.</param>
/// <param name="modalities">Modalities that the network knows.</param>
/// <param name="sample">What the network sees at once.</param>
/// <param name="settings">How blocks become volumes.</param>
public sealed class CasePredictor(
    Backend backend,
    ISegmentationNetwork network,
    int modalities,
    SampleShape sample,
    PredictionSettings? settings = null
)
{
    private readonly PredictionSettings settings = (settings ?? new PredictionSettings()).Validate();
    private readonly NetworkEvaluator evaluator = new(backend, network, modalities, settings?.Mirror ?? false);

    /// <summary>The segmentation, and the classes' probabilities where asked for.</summary>
    /// <param name="prepared">The case.</param>
    /// <param name="withProbabilities">Whether probabilities are collected, too.</param>
    /// <param name="stop">Ends the prediction between forward passes.</param>
    public CaseSegmentation Predict(PreparedCase prepared, bool withProbabilities = false, CancellationToken stop = default)
    {
        CaseSegmentation segmentation = prepared.Grid.NewSegmentation(withProbabilities ? network.Classes : 0);
        IEnumerable<(int Slice, ReadOnlyMemory<float> Scores)> slices =
            sample.Depth > 1 ? new BlockPrediction(evaluator, prepared, sample, settings).Run(stop) : Slices(prepared, stop);
        foreach ((int slice, ReadOnlyMemory<float> scores) in slices)
            segmentation.AddScores(slice, scores, network.Classes);
        return segmentation;
    }

    /// <summary>The labels of one image of slices (height, width, channels).</summary>
    public byte[] Labels(float[] image, Modality modality)
    {
        float[] logits = evaluator.Logits(image, new Shape(1, 1, sample.Height, sample.Width, sample.Channels), modality);
        return
        [
            .. Enumerable
                .Range(0, sample.Height * sample.Width)
                .Select(pixel => (byte)CaseSegmentation.Highest(logits.AsSpan(pixel * network.Classes, network.Classes))),
        ];
    }

    private IEnumerable<(int Slice, ReadOnlyMemory<float> Scores)> Slices(PreparedCase prepared, CancellationToken stop)
    {
        int sliceScores = prepared.Grid.Height * prepared.Grid.Width * network.Classes;
        for (int first = 0; first < prepared.SliceCount; first += settings.Batch)
        {
            stop.ThrowIfCancellationRequested();
            int count = Math.Min(settings.Batch, prepared.SliceCount - first);
            var shape = new Shape(count, 1, prepared.Grid.Height, prepared.Grid.Width, network.InputChannels);
            var images = new float[shape.Count];
            prepared.ReadImages(first, count, network.InputChannels, images);
            float[] logits = evaluator.Logits(images, shape, prepared.Modality);
            for (int slice = 0; slice < count; slice++)
                yield return (first + slice, logits.AsMemory(slice * sliceScores, sliceScores));
        }
    }
}
