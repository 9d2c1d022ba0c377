using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Imaging;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>Segments whole volumes slice by slice with a 2D network and its running statistics. Every slice is predicted.</summary>
/// <param name="backend">Computes.</param>
/// <param name="network">With trained weights.</param>
/// <param name="modalities">Modalities that the network knows.</param>
/// <param name="batch">Slices per forward pass; does not change the result.</param>
public sealed class CasePredictor(Backend backend, ISegmentationNetwork network, int modalities, int batch = 8)
{
    /// <summary>The segmentation on the volume's own grid.</summary>
    /// <param name="prepared">The case.</param>
    /// <param name="stop">Ends the prediction between batches.</param>
    public Volume<byte> Predict(PreparedCase prepared, CancellationToken stop = default)
    {
        CaseSegmentation segmentation = prepared.Grid.NewSegmentation();
        int sliceScores = prepared.Grid.Height * prepared.Grid.Width * network.Classes;
        for (int first = 0; first < prepared.SliceCount; first += batch)
        {
            stop.ThrowIfCancellationRequested();
            int count = Math.Min(batch, prepared.SliceCount - first);
            float[] logits = Logits(prepared, first, count);
            Parallel.For(0, count, slice =>
                segmentation.SetScores(first + slice, logits.AsSpan(slice * sliceScores, sliceScores), network.Classes));
        }

        return segmentation.ToOriginal();
    }

    /// <summary>(count, height, width, classes) of consecutive slices.</summary>
    private float[] Logits(PreparedCase prepared, int first, int count)
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        var shape = new Shape(count, 1, prepared.Grid.Height, prepared.Grid.Width, network.InputChannels);
        var images = new float[shape.Count];
        prepared.ReadImages(first, count, network.InputChannels, images);
        var context = new ForwardContext(
            new Tape(backend, recording: false), ModalityIndex.Single(modalities, prepared.Modality.Index, count), Training: false);
        Variable logits = network.Forward(context, new Variable(Tensor.From<float>(backend.Device, shape, images)));
        return logits.Value.ToArray<float>();
    }
}
