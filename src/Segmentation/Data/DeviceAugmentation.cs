using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Varies a batch's images and class maps on the device, by numbers that came with them.</summary>
/// <param name="augmentation">Drew the numbers (<see cref="Augmentation.Draw"/>).</param>
/// <param name="shape">Of a sample.</param>
public sealed class DeviceAugmentation(Augmentation augmentation, SampleShape shape) : IBatchPreparation
{
    /// <summary>Name of the numbers among a batch's tensors; methods do not see them.</summary>
    public const string Variation = "variation";

    /// <summary>The numbers of a sample.</summary>
    public TensorKind Numbers { get; } =
        new(Variation, new Shape(augmentation.ProblemOf(shape, samples: 1).VariationShape[1]), DType.Float64);

    /// <summary>A batch of images and class maps as one that the device varies.</summary>
    /// <param name="batch">Has <see cref="VariedSamples.Images"/> and <see cref="VariedSamples.Labels"/>.</param>
    /// <param name="streamOf">The random numbers that decide how a sample is varied.</param>
    public Batch Vary(Batch batch, Func<int, PhiloxStream> streamOf)
    {
        BatchTensor variation = BatchTensor.Allocate(Numbers, batch.Groups.Samples);
        for (int sample = 0; sample < batch.Groups.Samples; sample++)
        {
            PhiloxStream stream = streamOf(sample);
            augmentation.Draw(
                shape,
                ref stream,
                batch[VariedSamples.Images].Sample<float>(sample),
                variation.Sample<double>(sample)
            );
        }

        return new Batch(batch.Groups, [.. batch.Tensors, variation]) { Preparation = this };
    }

    /// <inheritdoc/>
    public PreparedBatch Prepare(Backend backend, DeviceBatch loaded)
    {
        (Tensor images, Tensor labels) = (loaded[VariedSamples.Images], loaded[VariedSamples.Labels]);
        AugmentationProblem problem = augmentation.ProblemOf(shape, images.Shape[0]);
        Tensor varied = Tensor.Allocate(backend.Device, images.Shape, images.DType).Detach(),
            variedLabels = Tensor.Allocate(backend.Device, labels.Shape, labels.DType).Detach();
        var seen = new Dictionary<string, Tensor>(loaded.Tensors)
        {
            [VariedSamples.Images] = varied,
            [VariedSamples.Labels] = variedLabels,
        };
        seen.Remove(Variation);
        return new PreparedBatch(
            new DeviceBatch(loaded.Groups, seen),
            () => backend.Augment(problem, images, labels, loaded[Variation], varied, variedLabels),
            varied,
            variedLabels
        );
    }
}
