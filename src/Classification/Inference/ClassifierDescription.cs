using System.Text.Json;
using System.Text.Json.Serialization;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Networks;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Classification.Inference;

/// <summary>
/// What a trained classifier must be told with its weights: stored in a run as model.json, so that prediction needs no dataset.
/// </summary>
/// <param name="ClassNames">By class.</param>
/// <param name="IsMultiLabel">Whether an image may have several labels, or none.</param>
/// <param name="Shape">Of an image.</param>
/// <param name="Mean">Of each channel in training, 0 to 1.</param>
/// <param name="Deviation">Of each channel in training.</param>
public sealed record ClassifierDescription(
    IReadOnlyList<string> ClassNames,
    bool IsMultiLabel,
    ImageShape Shape,
    IReadOnlyList<double> Mean,
    IReadOnlyList<double> Deviation
)
{
    /// <summary>Name of the file in a run folder.</summary>
    public const string FileName = "model.json";

    /// <summary>What <see cref="Kind"/> is in the file of a classifier.</summary>
    public const string ClassifierKind = "classifier";

    private const long MostBytes = 1 << 20;

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        AllowDuplicateProperties = false,
    };

    /// <summary>Tells this file from those of networks that segment.</summary>
    [JsonPropertyOrder(-1)]
    public string? Kind { get; init; } = ClassifierKind;

    /// <summary>The network's settings by key.</summary>
    [JsonPropertyName("network")]
    public IReadOnlyDictionary<string, string>? NetworkSettings { get; init; }

    /// <summary>The network that the weights are of.</summary>
    [JsonIgnore]
    public required ClassifierConfig Network
    {
        get => ClassifierConfig.Parse(NetworkSettings!);
        init => NetworkSettings = value.ToTexts();
    }

    /// <summary>How images are prepared for the network, in training and in prediction.</summary>
    [JsonIgnore]
    public PixelNormalization Normalization => new(Mean, Deviation);

    /// <summary>The description of a network that learns from some of a dataset's images.</summary>
    /// <param name="dataset">Gives names and shape.</param>
    /// <param name="normalization">Of the images that are learnt from.</param>
    /// <param name="network">Its settings.</param>
    public static ClassifierDescription Of(ImageDataset dataset, PixelNormalization normalization, ClassifierConfig network) =>
        new(dataset.ClassNames, dataset.IsMultiLabel, dataset.Shape, normalization.Mean, normalization.Deviation)
        {
            Network = network,
        };

    /// <summary>Whether a run folder holds a classifier, and not a network that segments.</summary>
    /// <exception cref="InvalidDataException">It has no description, or a damaged one.</exception>
    public static bool IsIn(string runPath) =>
        JsonFile.Read<KindOnly>(Path.Combine(runPath, FileName), JsonSerializerOptions.Web, MostBytes).Kind == ClassifierKind;

    /// <summary>The description in a run folder.</summary>
    /// <exception cref="InvalidDataException">The file is missing, damaged, or describes no classifier; the message names file
    /// and key.</exception>
    public static ClassifierDescription Read(string runPath)
    {
        string path = Path.Combine(runPath, FileName);
        if (!IsIn(runPath))
            throw new InvalidDataException(
                $"'{path}': is of a network that segments volumes, expected one that classifies images"
            );
        Stored stored = JsonFile.Read<Stored>(path, Format, MostBytes);
        return stored.Problem() is { } problem
            ? throw new InvalidDataException($"'{path}': {OneLine.Of(problem)}")
            : stored.ToDescription();
    }

    /// <summary>Replaces the run folder's description, whole or not at all.</summary>
    public void Write(string runPath) => JsonFile.Write(Path.Combine(runPath, FileName), this, Format);

    /// <summary>The network with initial weights.</summary>
    /// <param name="device">Where its parameters lie.</param>
    /// <param name="seed">Of the weights.</param>
    /// <param name="type">float32 or float64.</param>
    public Classifier BuildNetwork(Device device, ulong seed = 0, DType type = DType.Float32) =>
        ClassifierDefinition.Of(Network).Build(new ParameterStore(device, type, seed), Shape.Channels, ClassNames.Count, Network);

    /// <summary>Refuses images that the network cannot take, or whose classes are others.</summary>
    /// <exception cref="InvalidDataException">They differ; the message says in what.</exception>
    public void RequireMatch(ImageDataset dataset)
    {
        if (dataset.Shape != Shape)
            throw new InvalidDataException(
                $"'{dataset.Folder}': images are {dataset.Shape} (height, width, channels), but the model was trained on {Shape}"
            );
        if (dataset.IsMultiLabel != IsMultiLabel || !dataset.ClassNames.SequenceEqual(ClassNames))
            throw new InvalidDataException(
                $"'{dataset.Folder}': has the classes {OneLine.Of(string.Join(", ", dataset.ClassNames))}, "
                    + $"{Labels(dataset.IsMultiLabel)}, but the model knows {OneLine.Of(string.Join(", ", ClassNames))}, "
                    + Labels(IsMultiLabel)
            );
    }

    private static string Labels(bool areSeveral) => areSeveral ? "several of an image" : "one of an image";

    private sealed record KindOnly(string? Kind);

    /// <summary>What somebody else may have written.</summary>
    private sealed record Stored(
        IReadOnlyList<string?>? ClassNames,
        bool IsMultiLabel,
        ImageShape? Shape,
        IReadOnlyList<double>? Mean,
        IReadOnlyList<double>? Deviation,
        IReadOnlyDictionary<string, string>? Network
    )
    {
        private const int MostSide = 4096,
            MostChannels = 16;

        public string? Problem()
        {
            if (ClassNames is not { Count: >= 2 and <= ImageDataset.MostClasses })
                return $"classNames has {ClassNames?.Count ?? 0} names, expected 2 to {ImageDataset.MostClasses}";
            if (!ClassNames.All(ClassNameFile.IsName) || ClassNames.Distinct().Count() < ClassNames.Count)
                return "classNames has a name that is empty, too long, no text of one line, or there twice";
            if (Shape is not { Height: >= 1 and <= MostSide, Width: >= 1 and <= MostSide, Channels: >= 1 and <= MostChannels })
                return $"shape is {Shape?.ToString() ?? "missing"}, expected height, width (1 to {MostSide}) and channels";
            if (Mean?.Count != Shape.Channels || Deviation?.Count != Shape.Channels)
                return $"mean and deviation must have a number for each of {Shape.Channels} channels";
            if (!Mean.All(double.IsFinite) || !Deviation.All(deviation => double.IsFinite(deviation) && deviation > 0))
                return "mean and deviation must be finite, and deviations above 0";
            if (Network is null)
                return "network is missing";
            return ClassifierConfig.Problem(Network) ?? ProblemOf(ClassifierConfig.Parse(Network));
        }

        public ClassifierDescription ToDescription() =>
            new([.. ClassNames!.Select(name => name!)], IsMultiLabel, Shape!, Mean!, Deviation!)
            {
                Network = ClassifierConfig.Parse(Network!),
            };

        private static string? ProblemOf(ClassifierConfig network) =>
            ClassifierDefinition.Of(network).Problem(network) is { } problem ? $"network.{problem}" : null;
    }
}
