using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;

namespace UnpairedSegEngine.Export;

/// <summary>
/// What a program that uses an exported network has to know, as keys and texts. docs/export.md explains them.
/// </summary>
internal static class ModelTexts
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Producer => $"UnpairedSegEngine {RunInfo.OfThisProcess([]).Version}";

    /// <summary>Of a model, for one of its modalities.</summary>
    public static Dictionary<string, string> Of(
        ModelDescription description,
        ISegmentationNetwork network,
        Modality modality,
        long step
    )
    {
        SampleShape sample = description.Preprocessing.Shape;
        bool isPlanar = sample.Depth == 1;
        string space = isPlanar ? "height, width" : "depth, height, width";
        var texts = Common(description, step);
        texts["modality"] = modality.Name;
        texts["normalization"] = NormalizationOf(description, modality);
        texts["multiple"] = Json(Sides(network.Multiple, isPlanar));
        texts["input"] =
            $"float32 (batch, {sample.Channels}, {space}): "
            + (
                isPlanar
                    ? $"{sample.Slices} neighbouring axial slices of each of {sample.Volumes} volumes as channels, "
                        + "logits are of the middle one"
                    : $"a block of each of {sample.Volumes} volumes"
            )
            + "; intensities as 'normalization' says, voxels as 'spacing' and 'size' say, axes as 'axes' says";
        texts["output"] =
            $"float32 logits (batch, {description.Classes.Count}, {space}); the class of a voxel is the one of its highest logit";
        return texts;
    }

    /// <summary>How the intensities of each volume of a modality are normalized.</summary>
    public static string NormalizationOf(ModelDescription description, Modality modality) =>
        Json(
            Enumerable
                .Range(0, description.Volumes)
                .Select(volume => description.Preprocessing.NormalizationOf(modality, volume).ToString())
        );

    /// <summary>What does not depend on the modality.</summary>
    public static Dictionary<string, string> Common(ModelDescription description, long step)
    {
        SampleShape sample = description.Preprocessing.Shape;
        return new Dictionary<string, string>
        {
            ["producer"] = Producer,
            ["task"] = "segmentation",
            ["network"] = description.Network!.Settings.Name.ToString().ToLowerInvariant(),
            ["settings"] = JsonSerializer.Serialize(description.NetworkSettings, Plain),
            ["sharing"] = description.Network.Sharing.ToString(),
            ["step"] = step.ToString(CultureInfo.InvariantCulture),
            ["modalities"] = Json(description.Modalities),
            ["classes"] = Json(description.Classes),
            ["channels"] = Json(description.Channels?.Select(channel => channel.Name) ?? ["image"]),
            ["slices"] = sample.Slices.ToString(CultureInfo.InvariantCulture),
            ["size"] = Json(
                sample.Depth == 1 ? [sample.Height, sample.Width] : (int[])[sample.Depth, sample.Height, sample.Width]
            ),
            ["spacing"] = description.Spacing,
            ["axes"] = CaseGrid.CanonicalAxes,
        };
    }

    /// <summary>Of a network that classifies images.</summary>
    public static Dictionary<string, string> Of(ClassifierDescription description, long step) =>
        new()
        {
            ["producer"] = Producer,
            ["task"] = "classification",
            ["network"] = description.Network.Name.ToString().ToLowerInvariant(),
            ["settings"] = JsonSerializer.Serialize(description.NetworkSettings, Plain),
            ["step"] = step.ToString(CultureInfo.InvariantCulture),
            ["classes"] = Json(description.ClassNames),
            ["mean"] = Json(description.Mean),
            ["deviation"] = Json(description.Deviation),
            ["input"] =
                $"float32 (batch, {description.Shape.Channels}, height, width): "
                + "bytes v of an image as (v / 255 - mean) / deviation, by channel",
            ["output"] =
                $"float32 logits (batch, {description.ClassNames.Count}); "
                + (
                    description.IsMultiLabel
                        ? "their sigmoids are probabilities, of which several may be high"
                        : "their softmax are probabilities"
                ),
        };

    private static string Json<T>(IEnumerable<T> values) => JsonSerializer.Serialize(values, Plain);

    /// <summary>Height and width, or depth, height and width.</summary>
    public static int[] Sides(Size3 size, bool isPlanar) =>
        isPlanar ? [size.Height, size.Width] : [size.Depth, size.Height, size.Width];
}
