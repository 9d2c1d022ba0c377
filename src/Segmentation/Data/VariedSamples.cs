using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// Samples of volumes as a training method sees them: "images" (depth, height, width, channels), varied, and "labels" (depth,
/// height, width), uint8; <see cref="LabelValue.Ignored"/> marks positions of no class.
/// </summary>
/// <param name="source">Where samples are drawn from.</param>
/// <param name="augmentation">How they are varied.</param>
public sealed class VariedSamples(IVolumeSamples source, Augmentation augmentation) : ISampleSource
{
    /// <summary>Name of the images among a batch's tensors.</summary>
    public const string Images = "images";

    /// <summary>Name of the class maps among a batch's tensors.</summary>
    public const string Labels = "labels";

    private readonly ThreadLocal<(float[] Image, byte[] Labels)> drawn = new(() =>
        (new float[source.Shape.ImageLength], new byte[source.Shape.PixelCount])
    );

    /// <summary>The modalities' names, in the source's order.</summary>
    public IReadOnlyList<string> Groups { get; } = [.. source.Modalities.Select(modality => modality.Name)];

    /// <see cref="Images"/>, then <see cref="Labels"/>.
    public IReadOnlyList<TensorKind> Tensors { get; } = TensorsOf(source.Shape);

    /// <inheritdoc/>
    public string Description => source.Shape.ToString();

    internal static IReadOnlyList<TensorKind> TensorsOf(SampleShape shape) =>
        [
            new(Images, new Shape(shape.Depth, shape.Height, shape.Width, shape.Channels), DType.Float32),
            new(Labels, new Shape(shape.Depth, shape.Height, shape.Width), DType.UInt8),
        ];

    /// <inheritdoc/>
    public SampleOrigin Draw(int group, ref PhiloxStream stream, SamplePlace sample)
    {
        (float[] image, byte[] labels) = drawn.Value;
        SampleOrigin origin = source.Draw(source.Modalities[group], ref stream, image, labels);
        augmentation.Apply(source.Shape, ref stream, image, labels, sample.Elements<float>(0), sample.Elements<byte>(1));
        return origin;
    }
}
