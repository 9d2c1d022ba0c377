using System.Text.Json;
using System.Text.Json.Serialization;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Segmentation.Sharing;
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
    /// <summary>Name of the file in a run folder.</summary>
    public const string FileName = "model.json";
    private const long MostBytes = 1 << 20;
    private const int LongestText = 200;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        AllowDuplicateProperties = false,
    };

    /// <summary>Null for networks that segment; other kinds of model name theirs, so that files are told apart.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Kind { get; init; }

    /// <summary>
    /// The network's settings by key; null in runs of version 0.1.0, which have them in their configuration alone.
    /// </summary>
    [JsonPropertyName("network")]
    public IReadOnlyDictionary<string, string>? NetworkSettings { get; init; }

    /// <summary>What the modalities share.</summary>
    public string? Sharing { get; init; }

    /// <summary>See <see cref="NetworkDescription.TransposedShuffle"/>.</summary>
    public bool TransposedShuffle { get; init; }

    /// <summary>The network that the weights are of; null where the file does not say.</summary>
    [JsonIgnore]
    public NetworkDescription? Network
    {
        get =>
            NetworkSettings is null || Sharing is null
                ? null
                : new NetworkDescription(
                    NetworkConfig.Parse(NetworkSettings),
                    Enum.Parse<SharingName>(Sharing),
                    TransposedShuffle
                );
        init
        {
            NetworkSettings = value?.Settings.ToTexts();
            Sharing = value?.Sharing.ToString();
            TransposedShuffle = value?.TransposedShuffle ?? false;
        }
    }

    /// <summary>Volumes of a case that the network sees together.</summary>
    [JsonIgnore]
    public int Volumes => Channels?.Count ?? 1;

    /// <summary>How volumes are prepared for the network, in training and in prediction.</summary>
    [JsonIgnore]
    public PreprocessingSettings Preprocessing =>
        new(
            new SampleShape(Size, Size, Slices, Depth, Volumes),
            [.. Normalizations.Select(IntensityNormalization.Parse)],
            VoxelSpacing.Parse(Spacing, null)
        );

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

    /// <summary>Replaces the run folder's description, whole or not at all.</summary>
    public void Write(string runPath) => JsonFile.Write(Path.Combine(runPath, FileName), this, Format);

    /// <summary>The network with initial weights.</summary>
    /// <param name="device">Where its parameters lie.</param>
    /// <param name="seed">Of the weights.</param>
    /// <exception cref="InvalidDataException">The description does not say which network.</exception>
    public ISegmentationNetwork BuildNetwork(Device device, ulong seed = 0) =>
        (
            Network
            ?? throw new InvalidDataException(
                $"{FileName} does not say which network: the run is of version 0.1.0; predict with the program 'unpairedseg', or "
                    + "go on with the run, which adds it"
            )
        ).Build(device, seed, Preprocessing.Shape.Channels, Modalities.Count, Classes.Count);

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
        if (Kind is not null)
            return $"is of a model of kind '{Kind}', expected one that segments volumes";
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
        if (NetworkProblem() is { } network)
            return network;
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

    private string? NetworkProblem()
    {
        if (Sharing is not null && !Enum.GetNames<SharingName>().Contains(Sharing))
            return $"sharing is '{Sharing}', expected {string.Join(", ", Enum.GetNames<SharingName>())}";
        if (NetworkSettings is null != Sharing is null)
            return "network and sharing belong together, but one is missing";
        return NetworkSettings is null ? null : NetworkConfig.Problem(NetworkSettings);
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
