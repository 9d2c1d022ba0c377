using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Export;

/// <summary>
/// A folder in the layout of MONAI's model bundles (its mb_specification.rst): configs/metadata.json, models/,
/// docs/README.md and LICENSE, with ONNX and safetensors files in the place of TorchScript.
/// </summary>
public static class BundleExport
{
    private const string NoLicence =
        "No licence was given for this model. Ask those who trained it, and those whose data it was trained on, before you use it.\n";

    private const long MostBytesOfLicence = 1 << 20;

    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes a bundle, whole or not at all.</summary>
    /// <param name="path">A folder that does not exist.</param>
    /// <param name="model">The model.</param>
    /// <param name="facts">What is known of its training.</param>
    /// <param name="modalities">Those to write an ONNX file for.</param>
    /// <param name="licence">A text file; null for none.</param>
    /// <exception cref="InvalidDataException">The licence cannot be read.</exception>
    /// <exception cref="NotSupportedException">The network cannot be written as ONNX.</exception>
    public static void Write(
        string path,
        TrainedModel model,
        PackageManifest facts,
        IReadOnlyList<Modality> modalities,
        string? licence
    )
    {
        string folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)),
            temporary = Path.Combine(
                Path.GetDirectoryName(folder)!,
                $"{AtomicFile.TemporaryPrefix}{Environment.ProcessId}-{Path.GetFileName(folder)}"
            );
        try
        {
            foreach (string part in new[] { "configs", "models", "docs" })
                Directory.CreateDirectory(Path.Combine(temporary, part));
            foreach (Modality modality in modalities)
                OnnxExport.Write(Path.Combine(temporary, "models", OnnxName(modality, modalities)), model, modality);
            WeightsExport.Write(Path.Combine(temporary, "models", "model.safetensors"), model);
            JsonFile.Write(Path.Combine(temporary, "configs", "metadata.json"), Metadata(model, facts, modalities), Json);
            AtomicFile.WriteText(
                Path.Combine(temporary, "docs", "README.md"),
                writer => writer.Write(Readme(model, facts, modalities))
            );
            byte[] terms = licence is null ? Encoding.UTF8.GetBytes(NoLicence) : InputFile.ReadAll(licence, MostBytesOfLicence);
            AtomicFile.Write(Path.Combine(temporary, "LICENSE"), stream => stream.Write(terms));
            Directory.Move(temporary, folder);
        }
        catch
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
            throw;
        }
    }

    private static string OnnxName(Modality modality, IReadOnlyList<Modality> modalities) =>
        modalities.Count == 1 ? "model.onnx" : $"model.{FileName.Encode(modality.Name)}.onnx";

    private static object Metadata(TrainedModel model, PackageManifest facts, IReadOnlyList<Modality> modalities)
    {
        ModelDescription description = model.Description;
        SampleShape sample = description.Preprocessing.Shape;
        string organs = string.Join(", ", description.Classes.Skip(1));
        string[] shape = ModelTexts
            .Sides(model.Network.Multiple, sample.Depth == 1)
            .Select(side => string.Create(CultureInfo.InvariantCulture, $"{side}*n"))
            .ToArray();
        return new
        {
            version = "1.0.0",
            changelog = new Dictionary<string, string> { ["1.0.0"] = "exported from a run of UnpairedSegEngine" },
            // The specification asks for these; the files need none of the three.
            monai_version = "",
            pytorch_version = "",
            numpy_version = "",
            required_packages_version = new Dictionary<string, string> { ["onnxruntime"] = "1.12.0" },
            name = $"{string.Join(" and ", modalities.Select(modality => modality.Name))}: {organs}",
            task = $"Segmentation of {organs}",
            description = $"{description.Network!.Settings.Name}, trained on unpaired modalities by UnpairedSegEngine {facts.Version}",
            authors = "",
            copyright = "",
            network_data_format = new
            {
                inputs = new
                {
                    image = new
                    {
                        type = "image",
                        format = "magnitude",
                        modality = string.Join(", ", modalities.Select(modality => modality.Name)),
                        num_channels = sample.Channels,
                        spatial_shape = shape,
                        dtype = "float32",
                        value_range = Array.Empty<double>(),
                        is_patch_data = sample.Depth > 1,
                        channel_def = Enumerable
                            .Range(0, sample.Channels)
                            .ToDictionary(
                                channel => channel.ToString(CultureInfo.InvariantCulture),
                                channel => ChannelName(description, channel)
                            ),
                    },
                },
                outputs = new
                {
                    logits = new
                    {
                        type = "image",
                        format = "segmentation",
                        num_channels = description.Classes.Count,
                        spatial_shape = shape,
                        dtype = "float32",
                        value_range = Array.Empty<double>(),
                        is_patch_data = sample.Depth > 1,
                        channel_def = description
                            .Classes.Index()
                            .ToDictionary(one => one.Index.ToString(CultureInfo.InvariantCulture), one => one.Item),
                    },
                },
            },
            models = modalities.ToDictionary(
                modality => modality.Name,
                modality => new
                {
                    file = $"models/{OnnxName(modality, modalities)}",
                    metadata = ModelTexts.Of(description, model.Network, modality, model.Step),
                }
            ),
            training = new
            {
                step = facts.Step,
                cases = facts.Cases,
                data_fingerprint = facts.Data,
                metrics = facts.Metrics,
                program = $"UnpairedSegEngine {facts.Version}",
                commit = facts.GitHash,
            },
        };
    }

    private static string ChannelName(ModelDescription description, int channel)
    {
        int slices = description.Slices,
            offset = (channel % slices) - (slices / 2);
        string volume = description.Channels?[channel / slices].Name ?? "image";
        return slices == 1 ? volume : string.Create(CultureInfo.InvariantCulture, $"{volume}, slice {offset:+0;-0;0}");
    }

    private static string Readme(TrainedModel model, PackageManifest facts, IReadOnlyList<Modality> modalities)
    {
        ModelDescription description = model.Description;
        var text = new StringBuilder();
        void Line(FormattableString line) => text.Append(FormattableString.Invariant(line)).Append('\n');
        Line($"# Segmentation of {string.Join(", ", description.Classes.Skip(1))}");
        Line($"");
        Line($"Trained by UnpairedSegEngine {facts.Version} on unpaired volumes of {string.Join(", ", description.Modalities)}.");
        Line($"Not a medical device: for research.");
        Line($"");
        Line($"| file | what |");
        Line($"|---|---|");
        foreach (Modality modality in modalities)
            Line(
                $"| models/{OnnxName(modality, modalities)} | ONNX network for {modality.Name}, its metadata says what it takes |"
            );
        Line($"| models/model.safetensors | the weights, all modalities in one; the header says names and axes |");
        Line($"| configs/metadata.json | MONAI's description of a model, under 'models' what ONNX files say, too |");
        Line($"");
        Line($"## What it takes and gives");
        Line($"");
        Dictionary<string, string> common = ModelTexts.Of(description, model.Network, modalities[0], model.Step);
        foreach ((string key, string value) in common.Where(text => text.Key is not ("modality" or "normalization")))
            Line($"- {key}: {value}");
        foreach (Modality modality in modalities)
            Line($"- normalization of {modality.Name}: {ModelTexts.NormalizationOf(description, modality)}");
        Line($"");
        Line($"## Training");
        Line($"");
        Line($"- weights: step {facts.Step}{(facts.IsBest ? ", chosen by validation" : "")}");
        Line(
            $"- cases: {(facts.Cases.Count == 0 ? "not recorded" : string.Join(", ", facts.Cases.Select(c => $"{c.Value} {c.Key}")))}"
        );
        Line($"- fingerprint of the data: {facts.Data ?? "not recorded"}");
        foreach ((string name, double value) in facts.Metrics)
            Line($"- {name} in validation: {value:F4}");
        return text.ToString();
    }
}
