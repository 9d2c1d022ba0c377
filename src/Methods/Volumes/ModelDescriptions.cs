using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;

namespace UnpairedSegEngine.Methods.Volumes;

/// <summary>The model that a configuration makes.</summary>
public static class ModelDescriptions
{
    /// <summary>The description of a model that is trained on a dataset.</summary>
    /// <exception cref="InvalidDataException">The configuration normalizes a modality that the dataset lacks.</exception>
    public static ModelDescription Of(TrainingConfig config, SegmentationDataset dataset)
    {
        string[] modalities = [.. dataset.Modalities.Select(m => m.Name)];
        string? unknown = config.Data.Normalization.Keys.FirstOrDefault(name => !modalities.Contains(name));
        if (unknown is not null)
            throw new InvalidDataException(
                $"data.normalization.{unknown}: the dataset '{dataset.Folder}' has no such modality; it has "
                    + $"{string.Join(", ", modalities)}"
            );
        bool isVolumetric = NetworkDefinition.Of(config.Network).IsVolumetric;
        return new ModelDescription(
            modalities,
            dataset.ClassNames,
            [
                .. modalities.Select(name =>
                    config.Data.Normalization.TryGetValue(name, out string? text)
                        ? IntensityNormalization.Parse(text).ToString()
                        : IntensityNormalization.Default.ToString()
                ),
            ],
            config.Data.Size,
            isVolumetric ? 1 : config.Data.Slices,
            isVolumetric ? config.Data.Depth : 1,
            config.Data.Spacing.ToString()
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
            records.Training.Shape.Channels
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
}
