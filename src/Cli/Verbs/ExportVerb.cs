using CommandLine;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Export;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("export", HelpText = "Write a trained network for other programs. docs/export.md describes the files.")]
internal sealed class ExportVerb : IVerb
{
    [Option("run", Required = true, HelpText = "Run folder of a trained network, or a package.")]
    public string RunPath { get; init; } = "";

    [Option(
        "onnx",
        HelpText = "ONNX file, for any program with an ONNX runtime. Of a run that knows several modalities there is one for each: "
            + "model.onnx becomes model.CT.onnx and model.MR.onnx where --modality does not choose one."
    )]
    public string? Onnx { get; init; }

    [Option("weights", HelpText = "Safetensors file with all weights, for Python and others.")]
    public string? Weights { get; init; }

    [Option("bundle", HelpText = "New folder in the layout of MONAI's model bundles: both of these with a description.")]
    public string? Bundle { get; init; }

    [Option("modality", HelpText = "The only modality to write an ONNX file for.")]
    public string? Modality { get; init; }

    [Option("licence", HelpText = "Text file with the terms of the model, for --bundle.")]
    public string? Licence { get; init; }

    [Option("last", HelpText = "The newest weights instead of those with the best validation.")]
    public bool Last { get; init; }

    [Option("overwrite", HelpText = ResultFiles.OverwriteHelp)]
    public bool Overwrite { get; init; }

    public int Run(string[] arguments)
    {
        if (Onnx is null && Weights is null && Bundle is null)
            throw new UsageException("nothing to write: give --onnx FILE, --weights FILE or --bundle FOLDER");
        if (Licence is not null && Bundle is null)
            throw new UsageException("--licence is for --bundle; ONNX and safetensors files have no place for it");
        using UnpackedModel? unpacked = ModelPackage.IsPackage(RunPath) ? ModelPackage.Unpack(RunPath) : null;
        if (unpacked is not null && Last)
            throw new UsageException("--last: a package has one set of weights");
        string folder = unpacked?.Folder ?? RunPath;
        RunFolder.Open(folder);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device);
        try
        {
            if (ClassifierDescription.IsIn(folder))
                ExportClassifier(folder, backend);
            else
                ExportVolumes(folder, backend);
        }
        catch (NotSupportedException e)
        {
            throw new UsageException($"--run '{RunPath}': {e.Message}");
        }

        return ExitCode.Ok;
    }

    private void ExportVolumes(string folder, CpuBackend backend)
    {
        var description = ModelDescription.Read(folder);
        Modality[] modalities = Modality is null
            ? [.. description.Modalities.Select(description.ModalityOf)]
            : [description.ModalityOf(Modality)];
        (Modality Modality, string Path)[] files = Onnx is null
            ? []
            : [.. modalities.Select(modality => (modality, modalities.Length == 1 ? Onnx : FileFor(Onnx, modality)))];
        ResultFiles.Check(Overwrite, [.. files.Select(file => ("--onnx", (string?)file.Path)), ("--weights", Weights)]);
        if (Bundle is not null && (File.Exists(Bundle) || Directory.Exists(Bundle)))
            throw new UsageException($"--bundle '{Bundle}': exists; name a new folder");
        using TrainedRun model = TrainedRun.Open(folder, backend, Last, Console.Error.WriteLine);
        foreach ((Modality modality, string path) in files)
        {
            OnnxExport.Write(path, model.Model, modality);
            Console.WriteLine(path);
        }

        if (Weights is not null)
        {
            WeightsExport.Write(Weights, model.Model);
            Console.WriteLine(Weights);
        }

        if (Bundle is not null)
        {
            PackageManifest facts = ModelPackage.IsPackage(RunPath)
                ? ModelPackage.ReadManifest(RunPath)
                : RunFacts.Of(model.Folder, TrainedModel.FindWeights(folder, Last));
            BundleExport.Write(Bundle, model.Model, facts, modalities, Licence);
            Console.WriteLine(Bundle);
        }
    }

    private void ExportClassifier(string folder, CpuBackend backend)
    {
        if (Modality is not null || Bundle is not null)
            throw new UsageException($"'{RunPath}' classifies images: --modality and --bundle are for volumes");
        ResultFiles.Check(Overwrite, ("--onnx", Onnx), ("--weights", Weights));
        using var model = TrainedClassifier.Open(
            folder,
            ClassifierDescription.Read(folder),
            backend,
            Last,
            Console.Error.WriteLine
        );
        if (Onnx is not null)
        {
            OnnxExport.Write(Onnx, model);
            Console.WriteLine(Onnx);
        }

        if (Weights is not null)
        {
            WeightsExport.Write(Weights, model);
            Console.WriteLine(Weights);
        }
    }

    /// <summary>model.onnx as model.CT.onnx.</summary>
    private static string FileFor(string path, Modality modality) =>
        Path.ChangeExtension(path, FileName.Encode(modality.Name) + Path.GetExtension(path));
}
