using UnpairedSegEngine.Random;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// <see cref="VariedSamples"/> that a device varies: the host draws samples and, from the same random numbers, what is to be done
/// to
/// them.
/// </summary>
/// <param name="source">Where samples are drawn from.</param>
/// <param name="augmentation">How they are varied.</param>
public sealed class SamplesToVary(IVolumeSamples source, Augmentation augmentation) : ISampleSource
{
    private readonly DeviceAugmentation device = new(augmentation, source.Shape);

    /// <summary>The modalities' names, in the source's order.</summary>
    public IReadOnlyList<string> Groups { get; } = [.. source.Modalities.Select(modality => modality.Name)];

    /// <summary>Those of <see cref="VariedSamples"/>, not varied yet, and the numbers of their variation.</summary>
    public IReadOnlyList<TensorKind> Tensors => [.. VariedSamples.TensorsOf(source.Shape), device.Numbers];

    /// <inheritdoc/>
    public IBatchPreparation Preparation => device;

    /// <inheritdoc/>
    public string Description => $"{source.Shape} varied on the device";

    /// <inheritdoc/>
    public SampleOrigin Draw(int group, ref PhiloxStream stream, SamplePlace sample)
    {
        Span<float> image = sample.Elements<float>(0);
        SampleOrigin origin = source.Draw(source.Modalities[group], ref stream, image, sample.Elements<byte>(1));
        augmentation.Draw(source.Shape, ref stream, image, sample.Elements<double>(2));
        return origin;
    }
}
