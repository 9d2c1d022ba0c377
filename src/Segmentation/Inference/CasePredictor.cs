using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>
/// Segments whole volumes with a network's running statistics: slice by slice where samples are slices, else by overlapping
/// blocks. Every slice is predicted. On a backend that records, passes are recorded and replayed until the predictor is disposed.
/// </summary>
/// <param name="backend">Computes.</param>
/// <param name="network">With trained weights; not disposed of.</param>
/// <param name="modalities">Modalities that the network knows.</param>
/// <param name="sample">What the network sees at once.</param>
/// <param name="settings">How blocks become volumes.</param>
public sealed class CasePredictor(
    Backend backend,
    ISegmentationNetwork network,
    int modalities,
    SampleShape sample,
    PredictionSettings? settings = null
) : IDisposable
{
    /// <summary>Blocks of a recorded pass: launches are few then, and the lowest levels of a network fill a GPU better.</summary>
    private const int BlocksPerPass = 4;

    private readonly PredictionSettings settings = (settings ?? new PredictionSettings()).Validate();
    private readonly NetworkEvaluator evaluator = new(backend, network, modalities);

    /// <summary>Labels are few bytes, and the mirror image of logits is made on the host.</summary>
    private bool TakesLabels => evaluator.IsRecording && !settings.Mirror;

    /// <summary>The segmentation, and the classes' probabilities where asked for.</summary>
    /// <param name="prepared">The case.</param>
    /// <param name="withProbabilities">Whether probabilities are collected, too.</param>
    /// <param name="stop">Ends the prediction between forward passes.</param>
    public CaseSegmentation Predict(PreparedCase prepared, bool withProbabilities = false, CancellationToken stop = default)
    {
        CaseSegmentation segmentation = prepared.Grid.NewSegmentation(withProbabilities ? network.Classes : 0);
        bool takesLabels = TakesLabels && segmentation.HasNetworkGrid && !withProbabilities;
        if (sample.Depth > 1)
            PredictBlocks(new BlockLayout(prepared, sample, settings), segmentation, takesLabels, stop);
        else
            PredictSlices(prepared, segmentation, takesLabels, stop);
        return segmentation;
    }

    /// <summary>The labels of images of slices (height, width, channels), in order.</summary>
    public IEnumerable<byte[]> Labels(IEnumerable<float[]> images, Modality modality)
    {
        PassKind kind = Kind(settings.Batch, sample.Height, sample.Width, modality);
        return TakesLabels
            ? evaluator.Labels(images, Read, kind, stop: default).Select(slice => Bytes(slice.Result.Span))
            : Logits(images, Read, kind, stop: default).Select(slice => Highest(slice.Result));

        static void Read(float[] image, Span<float> target) => image.CopyTo(target);
    }

    /// <summary>Frees what was recorded; the network lives on.</summary>
    public void Dispose() => evaluator.Dispose();

    private void PredictSlices(PreparedCase prepared, CaseSegmentation segmentation, bool takesLabels, CancellationToken stop)
    {
        PassKind kind = Kind(settings.Batch, prepared.Grid.Height, prepared.Grid.Width, prepared.Modality);
        IEnumerable<int> slices = Enumerable.Range(0, prepared.SliceCount);
        if (takesLabels)
        {
            foreach ((int slice, ReadOnlyMemory<int> labels) in evaluator.Labels(slices, Read, kind, stop))
                segmentation.AddLabels(slice, Bytes(labels.Span));
        }
        else
        {
            foreach ((int slice, ReadOnlyMemory<float> scores) in Logits(slices, Read, kind, stop))
                segmentation.AddScores(slice, scores, network.Classes);
        }

        void Read(int slice, Span<float> image) => prepared.ReadImages(slice, 1, sample.Slices, image);
    }

    private void PredictBlocks(BlockLayout layout, CaseSegmentation segmentation, bool takesLabels, CancellationToken stop)
    {
        PassKind kind = Kind(evaluator.IsRecording ? BlocksPerPass : 1, sample.Height, sample.Width, layout.Modality);
        using DeviceBlockPrediction? onDevice = settings.Mirror
            ? null
            : DeviceBlockPrediction.TryOpen(evaluator, layout, takesLabels);
        if (onDevice is not null && takesLabels)
        {
            foreach ((int slice, ReadOnlyMemory<int> labels) in onDevice.Labels(kind, stop))
                segmentation.AddLabels(slice, Bytes(labels.Span));
            return;
        }

        IEnumerable<(int Slice, ReadOnlyMemory<float> Scores)> slices =
            onDevice?.Scores(kind, stop)
            ?? new BlockPrediction(layout, network.Classes).Run(Logits(layout.Places, layout.Read, kind, stop));
        foreach ((int slice, ReadOnlyMemory<float> scores) in slices)
            segmentation.AddScores(slice, scores, network.Classes);
    }

    private IEnumerable<(TSample Sample, ReadOnlyMemory<float> Result)> Logits<TSample>(
        IEnumerable<TSample> samples,
        Action<TSample, Span<float>> read,
        PassKind kind,
        CancellationToken stop
    ) => settings.Mirror ? evaluator.MirroredLogits(samples, read, kind, stop) : evaluator.Logits(samples, read, kind, stop);

    private PassKind Kind(int samples, int height, int width, Modality modality) =>
        new(new Shape(samples, sample.Depth, height, width, sample.Channels), modality.Index);

    private byte[] Highest(ReadOnlyMemory<float> logits) =>
        [
            .. Enumerable
                .Range(0, logits.Length / network.Classes)
                .Select(pixel => (byte)CaseSegmentation.Highest(logits.Span.Slice(pixel * network.Classes, network.Classes))),
        ];

    private static byte[] Bytes(ReadOnlySpan<int> labels)
    {
        var bytes = new byte[labels.Length];
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)labels[i];
        return bytes;
    }
}
