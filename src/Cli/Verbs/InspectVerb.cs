using CommandLine;
using UnpairedSegEngine.Cli.Inspectors;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "inspect",
    HelpText = "Show what a NIfTI file, safetensors file, dataset, folder of volumes, run or checkpoint holds, and all that is wrong with it; every file is read and checked."
)]
internal sealed class InspectVerb : IVerb
{
    [Value(
        0,
        Required = true,
        MetaName = "PATH",
        HelpText = "NIfTI or safetensors file, or a folder: a dataset, volumes, a run, checkpoints or one of them."
    )]
    public string Target { get; init; } = "";

    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; init; }

    public int Run(string[] arguments)
    {
        IInspector inspector =
            File.Exists(Path.Combine(Target, DatasetManifest.FileName)) ? new DatasetInspector(Target)
            : RunFolder.Exists(Target) ? new RunInspector(Target)
            : CheckpointInspector.IsOf(Target) ? new CheckpointInspector(Target)
            : Directory.Exists(Target) ? new FolderInspector(Target)
            : !File.Exists(Target) ? throw new InvalidDataException($"'{Target}': no such file or folder")
            : Target.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? new SafetensorsInspector(Target)
            : new NiftiInspector(Target);
        Console.WriteLine(Json ? inspector.ToJson() : inspector.ToText());
        string[] errors = [.. IInspector.Messages(inspector.Findings, Severity.Error)];
        foreach (string error in errors)
            Console.Error.WriteLine($"unpairedseg: {error}");
        return errors.Length == 0 ? ExitCode.Ok : ExitCode.BadData;
    }
}
