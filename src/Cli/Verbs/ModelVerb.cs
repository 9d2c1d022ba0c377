using System.Globalization;
using System.Text;
using System.Text.Json;
using CommandLine;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Cli.Inspectors;
using UnpairedSegEngine.Export;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>What is done with a model.</summary>
internal enum ModelAction
{
    Show,
}

[Verb("model", HelpText = "model show FILE|RUN: what a package or a run holds: classes, modalities, preprocessing, scores.")]
internal sealed class ModelVerb : IVerb
{
    [Value(0, MetaName = "action", Required = true, HelpText = "show.")]
    public ModelAction Action { get; init; }

    [Value(1, MetaName = "PATH", Required = true, HelpText = "A package (model.useg), or a run folder.")]
    public string Target { get; init; } = "";

    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; init; }

    public int Run(string[] arguments)
    {
        if (!ModelPackage.IsPackage(Target) && !Directory.Exists(Target))
            throw new InvalidDataException($"'{Target}': no such file or folder");
        if (ModelPackage.IsPackage(Target))
        {
            using UnpackedModel unpacked = ModelPackage.Unpack(Target);
            Show(unpacked.Folder, ModelPackage.ReadManifest(Target), ModelPackage.ReadText(Target, ModelPackage.LicenceName));
        }
        else
        {
            Show(Target, RunFacts.Of(RunFolder.Open(Target), TrainedModel.FindWeights(Target)), null);
        }

        return ExitCode.Ok;
    }

    private void Show(string folder, PackageManifest facts, string? licence)
    {
        if (ClassifierDescription.IsIn(folder))
            ShowClassifier(ClassifierDescription.Read(folder), facts, licence);
        else
            ShowVolumes(RunFolder.Open(folder).ReadModel(), facts, licence);
    }

    private void ShowVolumes(ModelDescription model, PackageManifest facts, string? licence)
    {
        if (Json)
        {
            PrintJson(model, facts, licence);
            return;
        }

        SampleShape sample = model.Preprocessing.Shape;
        var lines = new List<(string Name, string Value)>
        {
            ("network", $"{Lower(model.Network!.Settings.Name)}, sharing {model.Sharing}"),
            ("modalities", string.Join(", ", model.Modalities)),
            ("classes", string.Join(", ", model.Classes)),
            ("channels", model.Channels is { } channels ? Channel.Names(channels) : "one image"),
            ("sample", $"{sample}, height x width x {(sample.Depth == 1 ? "neighbouring slices" : "slices")}"),
            ("spacing", $"{model.Spacing} mm (0: see docs/volumes.md)"),
        };
        lines.AddRange(
            model
                .Modalities.Select(model.ModalityOf)
                .Select(modality =>
                    (
                        $"{modality.Name} becomes",
                        string.Join(
                            ", ",
                            Enumerable
                                .Range(0, model.Volumes)
                                .Select(volume => model.Preprocessing.NormalizationOf(modality, volume).ToString())
                        )
                    )
                )
        );
        PrintText([.. lines, .. Facts(facts, licence)]);
    }

    private void ShowClassifier(ClassifierDescription model, PackageManifest facts, string? licence)
    {
        if (Json)
            PrintJson(model, facts, licence);
        else
            PrintText([
                ("network", $"{Lower(model.Network.Name)}, depth {model.Network.Depth}"),
                ("classes", string.Join(", ", model.ClassNames)),
                ("image", $"{model.Shape} (height, width, channels)"),
                .. Facts(facts, licence),
            ]);
    }

    private static IEnumerable<(string Name, string Value)> Facts(PackageManifest facts, string? licence)
    {
        yield return ("weights", $"of step {facts.Step}{(facts.IsBest ? ", chosen by validation" : "")}");
        foreach ((string name, double value) in facts.Metrics)
            yield return (name, value.ToString("F4", CultureInfo.InvariantCulture));
        yield return (
            "trained on",
            facts.Data is null
                ? "not recorded"
                : $"{string.Join(", ", facts.Cases.Select(cases => $"{cases.Value} {cases.Key}"))}; fingerprint {facts.Data}"
        );
        if (facts.Version.Length > 0)
            yield return (
                "trained by",
                $"UnpairedSegEngine {facts.Version}{(facts.GitHash.Length > 0 ? $", commit {facts.GitHash}" : "")}"
            );
        yield return ("licence", licence is null ? "none given" : licence.Split('\n')[0]);
    }

    private void PrintText(IReadOnlyList<(string Name, string Value)> lines)
    {
        int width = lines.Max(line => line.Name.Length);
        var text = new StringBuilder();
        text.Append(Target);
        foreach ((string name, string value) in lines)
            text.Append('\n').Append(OneLine.Of(name).PadRight(width + 2)).Append(OneLine.Of(value));
        Console.WriteLine(text);
    }

    private void PrintJson<TModel>(TModel model, PackageManifest facts, string? licence) =>
        Console.WriteLine(
            JsonSerializer.Serialize(
                new
                {
                    Path = Target,
                    Model = model,
                    Training = facts,
                    Licence = licence,
                },
                IInspector.Format
            )
        );

    private static string Lower<T>(T name)
        where T : Enum => name.ToString().ToLowerInvariant();
}
