using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;

namespace UnpairedSegEngine.Export;

/// <summary>
/// What a program that uses an exported network on volumes has to know, as keys and texts. docs/export.md explains them.
/// </summary>
internal static class VolumeModelText
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

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
        texts["normalization"] = Json(
            Enumerable
                .Range(0, description.Volumes)
                .Select(volume => description.Preprocessing.NormalizationOf(modality, volume).ToString())
        );
        texts["multiple"] = Json(Sides(network.Multiple, isPlanar));
        texts["input"] =
            $"float32 (batch, {sample.Channels}, {space}): "
            + (
                isPlanar
                    ? $"{sample.Slices} neighbouring axial slices of each of {sample.Volumes} volumes as channels, logits are of the middle one"
                    : $"a block of each of {sample.Volumes} volumes"
            )
            + "; intensities as 'normalization' says, voxels as 'spacing' and 'size' say, axes as 'axes' says";
        texts["output"] =
            $"float32 logits (batch, {description.Classes.Count}, {space}); the class of a voxel is the one of its highest logit";
        return texts;
    }

    /// <summary>What does not depend on the modality.</summary>
    public static Dictionary<string, string> Common(ModelDescription description, long step)
    {
        SampleShape sample = description.Preprocessing.Shape;
        return new Dictionary<string, string>
        {
            ["producer"] = $"UnpairedSegEngine {RunInfo.OfThisProcess([]).Version}",
            ["task"] = "segmentation",
            ["network"] = description.Network!.Settings.Name.ToString().ToLowerInvariant(),
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

    public static string Json<T>(IEnumerable<T> values) => JsonSerializer.Serialize(values, Plain);

    private static int[] Sides(Size3 size, bool isPlanar) =>
        isPlanar ? [size.Height, size.Width] : [size.Depth, size.Height, size.Width];
}
