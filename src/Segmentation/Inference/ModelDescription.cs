using System.Text.Json;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>What a trained network must be told with its weights: stored in a run as model.json, so that prediction needs no dataset.</summary>
/// <param name="Modalities">Names, by modality index.</param>
/// <param name="Classes">Names, background first.</param>
/// <param name="Normalizations">Intensity normalization by modality index, in the form that <see cref="IntensityNormalization.Parse"/> reads.</param>
/// <param name="Size">Height and width of a sample.</param>
/// <param name="Slices">Neighbouring slices per image, its channels.</param>
/// <param name="Depth">Slices of a sample.</param>
/// <param name="Spacing">Voxels of the network's grid, in the form that <see cref="VoxelSpacing.Parse"/> reads.</param>
public sealed record ModelDescription(
    IReadOnlyList<string> Modalities, IReadOnlyList<string> Classes, IReadOnlyList<string> Normalizations, int Size, int Slices, int Depth = 1, string Spacing = "0,0,0")
{
    public const string FileName = "model.json";

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public PreprocessingSettings Preprocessing
        => new(new SampleShape(Size, Size, Slices, Depth), [.. Normalizations.Select(IntensityNormalization.Parse)], VoxelSpacing.Parse(Spacing, null));

    /// <summary>The description of a model that is trained on a dataset.</summary>
    /// <exception cref="InvalidDataException">The configuration normalizes a modality that the dataset lacks.</exception>
    public static ModelDescription Of(TrainingConfig config, SegmentationDataset dataset)
    {
        string[] modalities = [.. dataset.Modalities.Select(m => m.Name)];
        string? unknown = config.Data.Normalization.Keys.FirstOrDefault(name => !modalities.Contains(name));
        if (unknown is not null)
            throw new InvalidDataException($"data.normalization.{unknown}: the dataset '{dataset.Folder}' has no such modality; it has {string.Join(", ", modalities)}");
        bool isVolumetric = config.Network.Name == NetworkName.Unet3d;
        return new ModelDescription(
            modalities, dataset.ClassNames,
            [.. modalities.Select(name => config.Data.Normalization.TryGetValue(name, out string? text) ? IntensityNormalization.Parse(text).ToString() : IntensityNormalization.Default.ToString())],
            config.Data.Size, isVolumetric ? 1 : config.Data.Slices, isVolumetric ? config.Data.Depth : 1, config.Data.Spacing.ToString());
    }

    public static ModelDescription Read(string runPath) => JsonFile.Read<ModelDescription>(Path.Combine(runPath, FileName), Format);

    public void Write(string runPath)
        => AtomicFile.Write(Path.Combine(runPath, FileName), stream => JsonSerializer.Serialize(stream, this, Format));

    /// <exception cref="InvalidDataException">The model knows no modality of this name.</exception>
    public Modality ModalityOf(string name)
    {
        int index = Modalities.ToList().FindIndex(m => string.Equals(m, name, StringComparison.OrdinalIgnoreCase));
        return index >= 0
            ? new Modality(Modalities[index], index)
            : throw new InvalidDataException($"--modality '{name}': the model knows {string.Join(", ", Modalities)}");
    }
}
