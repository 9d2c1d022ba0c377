using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training.Batches;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>What a configuration is trained on where there is no data: values of waves, labels that take turns.</summary>
internal static class MadeUpData
{
    /// <summary>Classes of a network that segments, with background.</summary>
    public const int Classes = 5;

    /// <summary>Modalities of a step on volumes.</summary>
    public const int Modalities = 2;

    private const int ImageClasses = 10,
        Channels = 3;

    /// <summary>The model that a configuration makes of volumes without any particular names.</summary>
    public static ModelDescription Volumes(TrainingConfig config)
    {
        bool isVolumetric = NetworkDefinition.Of(config.Network).IsVolumetric;
        return new ModelDescription(
            [.. Enumerable.Range(0, Modalities).Select(i => $"M{i}")],
            [.. Enumerable.Range(0, Classes).Select(i => $"class {i}")],
            [.. Enumerable.Repeat("none", Modalities)],
            config.Data.Size,
            isVolumetric ? 1 : config.Data.Slices,
            isVolumetric ? config.Data.Depth : 1
        )
        {
            Network = config.Definition.NetworkOf(config),
        };
    }

    /// <summary>The model that a configuration makes of images of data.size, of three channels and ten classes.</summary>
    public static ClassifierDescription Images(TrainingConfig config) =>
        new(
            [.. Enumerable.Range(0, ImageClasses).Select(i => $"class {i}")],
            IsMultiLabel: false,
            new ImageShape(config.Data.Size, config.Data.Size, Channels),
            [.. Enumerable.Repeat(0.5, Channels)],
            [.. Enumerable.Repeat(0.25, Channels)]
        )
        {
            Network = config.Classifier,
        };

    /// <summary>A method on volumes, and its samples; of a model without any particular names if none is given.</summary>
    public static (VolumeMethod Method, ISampleSource Samples) ForVolumes(
        TrainingConfig config,
        Backend backend,
        ModelDescription? given = null
    )
    {
        ModelDescription model = given ?? Volumes(config);
        VolumeMethod method = config.Definition.Create(backend, config, model);
        return (method, method.Extend(Samples(config, model)));
    }

    /// <summary>Samples of a model on volumes.</summary>
    public static ISampleSource Samples(TrainingConfig config, ModelDescription model) =>
        SampleSources.Vary(new StripedVolumes(model), config);

    /// <summary>A method on images, and its samples.</summary>
    public static (ImageMethod Method, ISampleSource Samples) ForImages(TrainingConfig config, Backend backend)
    {
        ClassifierDescription model = Images(config);
        ImageMethod method = config.Definition.Create(backend, config, model);
        var images = new ImageSet(
            model.Shape,
            ImageClasses,
            isMultiLabel: false,
            [
                .. Enumerable
                    .Range(0, ImageClasses)
                    .Select(label => new LabelledImage(
                        $"made up {label}",
                        [
                            .. Enumerable
                                .Range(0, model.Shape.Length)
                                .Select(i => (byte)(128 + (127 * MathF.Sin((i + label) * 0.37f)))),
                        ],
                        [label]
                    )),
            ]
        );
        return (method, method.Extend(new ImageSamples(images, model.Normalization, config.Images)));
    }

    private sealed class StripedVolumes(ModelDescription model) : IVolumeSamples
    {
        public IReadOnlyList<Modality> Modalities { get; } = [.. model.Modalities.Select(model.ModalityOf)];

        public SampleShape Shape { get; } = model.Preprocessing.Shape;

        public SampleOrigin Draw(Modality modality, ref PhiloxStream stream, Span<float> image, Span<byte> labels)
        {
            for (int i = 0; i < image.Length; i++)
                image[i] = MathF.Sin(i * 0.37f);
            for (int i = 0; i < labels.Length; i++)
                labels[i] = (byte)(i / 11 % model.Classes.Count);
            return new SampleOrigin("made up", "");
        }
    }
}
