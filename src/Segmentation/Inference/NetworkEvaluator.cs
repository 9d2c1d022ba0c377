using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>A network with its running statistics, from images to logits.</summary>
/// <param name="backend">Computes.</param>
/// <param name="network">With trained weights.</param>
/// <param name="modalities">Modalities that the network knows.</param>
/// <param name="mirror">Whether logits are averaged with those of the mirrored images.</param>
internal sealed class NetworkEvaluator(Backend backend, ISegmentationNetwork network, int modalities, bool mirror)
{
    public int Classes => network.Classes;

    /// <param name="images">(samples, depth, height, width, channels).</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="modality">Of all samples.</param>
    /// <returns>(samples, depth, height, width, classes).</returns>
    public float[] Logits(float[] images, Shape shape, Modality modality)
    {
        float[] logits = Evaluate(images, shape, modality);
        if (!mirror)
            return logits;
        float[] mirrored = Evaluate(Mirrored(images, shape[3], shape[4]), shape, modality);
        float[] back = Mirrored(mirrored, shape[3], Classes);
        for (int i = 0; i < logits.Length; i++)
            logits[i] = 0.5f * (logits[i] + back[i]);
        return logits;
    }

    private float[] Evaluate(float[] images, Shape shape, Modality modality)
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        var context = new ForwardContext(
            new Tape(backend, recording: false),
            ModalityIndex.Single(modalities, modality.Index, shape[0]),
            Training: false
        );
        return network.Forward(context, new Variable(Tensor.From<float>(backend.Device, shape, images))).Value.ToArray<float>();
    }

    /// <summary>Columns in reverse order.</summary>
    private static float[] Mirrored(float[] values, int width, int channels)
    {
        var result = new float[values.Length];
        Parallel.For(
            0,
            values.Length / (width * channels),
            row =>
            {
                for (int column = 0, first = row * width * channels; column < width; column++)
                    values
                        .AsSpan(first + (column * channels), channels)
                        .CopyTo(result.AsSpan(first + ((width - 1 - column) * channels), channels));
            }
        );
        return result;
    }
}
