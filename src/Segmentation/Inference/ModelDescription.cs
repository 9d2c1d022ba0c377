using System.Text.Json;
using System.Text.Json.Serialization;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Inference;

/// <summary>
/// What a trained network must be told with its weights: stored in a run as model.json, so that prediction needs no dataset.
/// </summary>
/// <param name="Modalities">Names, by modality index.</param>
/// <param name="Classes">Names, background first.</param>
/// <param name="Normalizations">Intensity normalization of each volume of the first modality, then of the second, and so on, in
/// the form that <see cref="IntensityNormalization.Parse"/> reads.</param>
/// <param name="Size">Height and width of a sample.</param>
/// <param name="Slices">Neighbouring slices per image, of each volume.</param>
/// <param name="Depth">Slices of a sample.</param>
/// <param name="Spacing">Voxels of the network's grid, in the form that <see cref="VoxelSpacing.Parse"/> reads.</param>
/// <param name="Channels">Those channels of a case that the network sees, by number; null where cases have one image
/// only.</param>
public sealed record ModelDescription(
    IReadOnlyList<string> Modalities,
    IReadOnlyList<string> Classes,
    IReadOnlyList<string> Normalizations,
    int Size,
    int Slices,
    int Depth = 1,
    string Spacing = "0,0,0",
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<Channel>? Channels = null
)
{
    public const string FileName = "model.json";
    private const long MostBytes = 1 << 20;
    private const int LongestText = 200;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        AllowDuplicateProperties = false,
    };

    /// <summary>Volumes of a case that the network sees together.</summary>
    [JsonIgnore]
    public int Volumes => Channels?.Count ?? 1;

    public PreprocessingSettings Preprocessing =>
        new(
            new SampleShape(Size, Size, Slices, Depth, Volumes),
            [.. Normalizations.Select(IntensityNormalization.Parse)],
            VoxelSpacing.Parse(Spacing, null)
        );

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
        bool isVolumetric = config.Network.Name == NetworkName.Unet3d;
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
        );
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

    /// <summary>The description in a run folder.</summary>
    /// <exception cref="InvalidDataException">The file is missing, damaged, or describes no model; the message names file and
    /// key.</exception>
    public static ModelDescription Read(string runPath)
    {
        string path = Path.Combine(runPath, FileName);
        ModelDescription description = JsonFile.Read<ModelDescription>(path, Format, MostBytes);
        return description.Problem() is { } problem
            ? throw new InvalidDataException($"'{path}': {OneLine.Of(problem)}")
            : description;
    }

    public void Write(string runPath) =>
        AtomicFile.Write(Path.Combine(runPath, FileName), stream => JsonSerializer.Serialize(stream, this, Format));

    /// <summary>Refuses a description that asks for other samples than the network of its run takes.</summary>
    /// <exception cref="InvalidDataException">They differ; the message names the key.</exception>
    public void RequireMatch(TrainingConfig config, string runPath)
    {
        bool isVolumetric = config.Network.Name == NetworkName.Unet3d;
        (string Key, int Value, int Expected)[] sizes =
        [
            ("size", Size, config.Data.Size),
            ("slices", Slices, isVolumetric ? 1 : config.Data.Slices),
            ("depth", Depth, isVolumetric ? config.Data.Depth : 1),
        ];
        foreach ((string key, int value, int expected) in sizes)
        {
            if (value != expected)
                throw new InvalidDataException(
                    $"'{Path.Combine(runPath, FileName)}': {key} is {value}, but the run's configuration says {expected}; "
                        + "the files are of two runs"
                );
        }
    }

    /// <summary>
    /// A dataset's case with the channels that the network sees, under the model's own numbering of modalities.
    /// </summary>
    /// <exception cref="InvalidDataException">The model knows no such modality, or the case lacks a channel.</exception>
    public DatasetCase Adopt(DatasetCase source) =>
        source with
        {
            Modality = ModalityOf(source.Modality.Name),
            Images = Channels is null ? OnlyImage(source) : [.. Channels.Select(channel => ImageOf(source, channel))],
        };

    private static IReadOnlyList<ChannelImage> OnlyImage(DatasetCase source) =>
        source.Images.Count == 1
            ? source.Images
            : throw new InvalidDataException(
                $"case '{source.Id}': has {source.Images.Count} image channels, but the model was trained on cases of one image"
            );

    /// <remarks>By name: another dataset may number its channels otherwise.</remarks>
    private static ChannelImage ImageOf(DatasetCase source, Channel channel) =>
        source.Images.FirstOrDefault(image => image.Channel.Name == channel.Name)
        ?? throw new InvalidDataException(
            $"case '{source.Id}': has no channel {channel.Name}, which the network sees; it has "
                + Channel.Names(source.Images.Select(image => image.Channel))
        );

    /// <exception cref="InvalidDataException">The model knows no modality of this name.</exception>
    public Modality ModalityOf(string name)
    {
        List<string> names = [.. Modalities];
        int index = names.IndexOf(name);
        if (index < 0)
            index = names.FindIndex(m => string.Equals(m, name, StringComparison.OrdinalIgnoreCase));
        return index >= 0
            ? new Modality(names[index], index)
            : throw new InvalidDataException($"--modality '{name}': the model knows {OneLine.Of(string.Join(", ", names))}");
    }

    /// <summary>What is wrong with a description that somebody else wrote; null where nothing is.</summary>
    private string? Problem()
    {
        const int mostModalities = 16,
            mostSide = 4096,
            mostSlices = 31,
            mostDepth = 512;
        if (ProblemOf("modalities", Modalities, 1, mostModalities) is { } modalities)
            return modalities;
        if (ProblemOf("classes", Classes, 2, LabelValue.Ignored) is { } classes)
            return classes;
        if (ProblemOfChannels() is { } channels)
            return channels;
        if (Normalizations is null || Normalizations.Count != Modalities.Count * Volumes)
            return $"normalizations has {Normalizations?.Count ?? 0} entries, expected one for each of {Modalities.Count} modalities"
                + (Channels is null ? "" : $" and {Volumes} channels");
        if (Size is < 1 or > mostSide)
            return $"size is {Size}, expected 1 to {mostSide}";
        if (Slices is < 1 or > mostSlices || Slices % 2 == 0)
            return $"slices is {Slices}, expected an odd number from 1 to {mostSlices}";
        if (Depth is < 1 or > mostDepth)
            return $"depth is {Depth}, expected 1 to {mostDepth}";
        if (!VoxelSpacing.TryParse(Spacing, null, out _))
            return $"spacing is '{Spacing}', expected three numbers such as 3,3,5";
        try
        {
            foreach (string? text in Normalizations)
                IntensityNormalization.Parse(
                    text is { Length: <= LongestText } ? text : throw new ArgumentException("is missing or too long")
                );
            return null;
        }
        catch (ArgumentException exception)
        {
            return $"normalizations: {exception.Message}";
        }
    }

    private string? ProblemOfChannels()
    {
        if (Channels is null)
            return null;
        if (Channels.FirstOrDefault(channel => channel is not { Number: >= 0 and < Channel.Most }) is { } numbered)
            return $"channels has the number {numbered.Number}, expected 0 to {Channel.Most - 1}";
        return Channels.Select(channel => channel?.Number).Distinct().Count() < Channels.Count
            ? "channels has a number twice"
            : ProblemOf("channels", [.. Channels.Select(channel => channel?.Name)], 1, Channel.Most);
    }

    private static string? ProblemOf(string key, IReadOnlyList<string?>? names, int fewest, int most)
    {
        if (names is null || names.Count < fewest || names.Count > most)
            return $"{key} has {names?.Count ?? 0} names, expected {fewest} to {most}";
        return names.Any(name => string.IsNullOrWhiteSpace(name) || name.Length > LongestText || name.Any(char.IsControl))
                ? $"{key} has a name that is empty, too long or no text of one line"
            : names.Distinct().Count() < names.Count
                ? $"{key} names {names.GroupBy(name => name).First(group => group.Count() > 1).Key} twice"
            : null;
    }
}
