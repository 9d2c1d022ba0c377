using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Classification.Inference;

/// <summary>A network with its running statistics, from images to probabilities of classes.</summary>
/// <param name="backend">Computes.</param>
/// <param name="network">With trained weights.</param>
/// <param name="normalization">Of the images that it learnt from.</param>
/// <param name="isMultiLabel">Probabilities of each class (sigmoid) rather than over classes (softmax).</param>
/// <param name="batch">Images computed at a time.</param>
public sealed class ClassPredictor(
    Backend backend,
    IStagedNetwork network,
    PixelNormalization normalization,
    bool isMultiLabel,
    int batch = ClassPredictor.DefaultBatch
)
{
    /// <summary>Images computed at a time unless told otherwise.</summary>
    public const int DefaultBatch = 256;

    /// <summary>Probabilities by class, of each image.</summary>
    /// <param name="images">Of the network's channels.</param>
    /// <param name="stop">Looked at before each batch.</param>
    public IReadOnlyList<float[]> Scores(ImageSet images, CancellationToken stop = default) =>
        Compute(
            images,
            (context, batch) =>
            {
                Variable logits = network.Forward(context, batch);
                return isMultiLabel ? context.Tape.Sigmoid(logits) : context.Tape.Softmax(logits);
            },
            stop
        );

    /// <summary>Logits by class, of each image.</summary>
    /// <param name="images">Of the network's channels.</param>
    /// <param name="stop">Looked at before each batch.</param>
    public IReadOnlyList<float[]> Logits(ImageSet images, CancellationToken stop = default) =>
        Compute(images, (context, batch) => network.Forward(context, batch), stop);

    /// <summary>What some computation makes of each image, which is given as the network sees it.</summary>
    /// <param name="images">Of the network's channels.</param>
    /// <param name="compute">From a batch (images, 1, height, width, channels) to a row of each image, (images, columns).</param>
    /// <param name="stop">Looked at before each batch.</param>
    public IReadOnlyList<float[]> Compute(
        ImageSet images,
        Func<ForwardContext, Variable, Variable> compute,
        CancellationToken stop = default
    ) => Compute(images, (context, batch, _) => compute(context, batch), stop);

    /// <summary>The same where more is known of images than what the network sees of them.</summary>
    /// <param name="images">Of the network's channels.</param>
    /// <param name="compute">From a batch (images, 1, height, width, channels), and which image each of them is, to a row of each
    /// image, (images, columns).</param>
    /// <param name="stop">Looked at before each batch.</param>
    public IReadOnlyList<float[]> Compute(
        ImageSet images,
        Func<ForwardContext, Variable, IReadOnlyList<int>, Variable> compute,
        CancellationToken stop = default
    )
    {
        var rows = new List<float[]>(images.Count);
        int size = Math.Min(batch, images.Count);
        // Batches have one size, so that a device meets one shape only; what is left over of the last one repeats the one before.
        float[] pixels = new float[size * images.Shape.Length];
        int[] shown = new int[size];
        while (rows.Count < images.Count)
        {
            stop.ThrowIfCancellationRequested();
            int count = Math.Min(size, images.Count - rows.Count);
            for (int i = 0; i < count; i++)
            {
                shown[i] = rows.Count + i;
                normalization.Apply(images.Pixels(shown[i]), pixels.AsSpan(i * images.Shape.Length, images.Shape.Length));
            }

            rows.AddRange(Run(images.Shape, pixels, shown, compute).Take(count));
        }

        return rows;
    }

    private IEnumerable<float[]> Run(
        ImageShape shape,
        float[] pixels,
        int[] shown,
        Func<ForwardContext, Variable, IReadOnlyList<int>, Variable> compute
    )
    {
        using TensorScope scope = TensorScope.Open(backend.Device);
        var context = new ForwardContext(new Tape(backend, recording: false));
        Variable batch = context.Tape.Input(new Shape(shown.Length, 1, shape.Height, shape.Width, shape.Channels), pixels);
        Tensor rows = compute(context, batch, shown).Value;
        return rows.ToArray<float>().Chunk(rows.Shape[1]);
    }
}
