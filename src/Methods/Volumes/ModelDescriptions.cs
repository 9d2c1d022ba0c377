using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>The model that a configuration makes.</summary>
public static class ModelDescriptions
{
    /// <summary>The description of a model that is trained on a dataset.</summary>
    /// <exception cref="InvalidDataException">The configuration normalizes a modality, or names a channel, that the dataset
    /// lacks.</exception>
    public static ModelDescription Of(TrainingConfig config, SegmentationDataset dataset)
    {
        string[] modalities = [.. dataset.Modalities.Select(m => m.Name)];
        IReadOnlyList<Channel>? channels = dataset.Channels.Count > 1 ? config.Data.Channels.Of(dataset) : null;
        if (channels is null && config.Data.Channels.Text.Length > 0)
            throw new InvalidDataException(
                $"data.channels: the cases of the dataset '{dataset.Folder}' have one image each; leave it empty"
            );
        RequireKnownNames(config.Data.Normalization, modalities, dataset);
        bool isVolumetric = NetworkDefinition.Of(config.Network).IsVolumetric;
        return new ModelDescription(
            modalities,
            dataset.ClassNames,
            channels is null
                ? [.. modalities.Select(modality => NormalizationOf(config, modality))]
                : [.. modalities.SelectMany(modality => channels.Select(c => NormalizationOf(config, c.Name, modality)))],
            config.Data.Size,
            isVolumetric ? 1 : config.Data.Slices,
            isVolumetric ? config.Data.Depth : 1,
            config.Data.Spacing.ToString(),
            channels
        )
        {
            Network = config.Definition.NetworkOf(config),
        };
    }

    /// <summary>The description of a model that is trained on records: intensities are normalized already.</summary>
    public static ModelDescription Of(TrainingConfig config, TfRecordDataset records) =>
        new(
            [.. records.Modalities.Select(m => m.Name)],
            records.ClassNames,
            [.. records.Modalities.Select(_ => IntensityNormalization.Parse("none").ToString())],
            records.Training.Shape.Height,
            records.Training.Shape.Slices
        )
        {
            Network = config.Definition.NetworkOf(config),
        };

    /// <summary>Refuses a description that asks for other samples than the network of its run takes.</summary>
    /// <exception cref="InvalidDataException">They differ; the message names the key.</exception>
    public static void RequireMatch(this ModelDescription model, TrainingConfig config, string runPath)
    {
        bool isVolumetric = NetworkDefinition.Of(config.Network).IsVolumetric;
        (string Key, int Value, int Expected)[] sizes =
        [
            ("size", model.Size, config.Data.Size),
            ("slices", model.Slices, isVolumetric ? 1 : config.Data.Slices),
            ("depth", model.Depth, isVolumetric ? config.Data.Depth : 1),
        ];
        foreach ((string key, int value, int expected) in sizes)
        {
            if (value != expected)
                throw new InvalidDataException(
                    $"'{Path.Combine(runPath, ModelDescription.FileName)}': {key} is {value}, but the run's configuration says {expected}; "
                        + "the files are of two runs"
                );
        }
    }

    /// <summary>Names are those of modalities and, where cases have several channels, of channels.</summary>
    private static void RequireKnownNames(
        IReadOnlyDictionary<string, string> normalization,
        string[] modalities,
        SegmentationDataset dataset
    )
    {
        string[] channels = dataset.Channels.Count > 1 ? [.. dataset.Channels.Select(channel => channel.Name)] : [];
        if (normalization.Keys.FirstOrDefault(name => !modalities.Contains(name) && !channels.Contains(name)) is { } unknown)
            throw new InvalidDataException(
                $"data.normalization.{unknown}: the dataset '{dataset.Folder}' has no such "
                    + $"{(channels.Length == 0 ? "modality" : "channel or modality")}; it has "
                    + $"{string.Join(", ", [.. channels, .. modalities])}"
            );
    }

    /// <summary>The normalization under the first of some names that has one.</summary>
    private static string NormalizationOf(TrainingConfig config, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (config.Data.Normalization.TryGetValue(name, out string? text))
                return IntensityNormalization.Parse(text).ToString();
        }

        return IntensityNormalization.Default.ToString();
    }
}
