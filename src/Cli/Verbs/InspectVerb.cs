using CommandLine;
using UnpairedSegEngine.Cli.Inspectors;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb(
    "inspect",
    HelpText = "Show what a NIfTI file, safetensors file, dataset or folder of volumes holds; every volume is read and checked."
)]
internal sealed class InspectVerb : IVerb
{
    [Value(0, Required = true, MetaName = "PATH", HelpText = "NIfTI or safetensors file, or a folder: a dataset, or volumes.")]
    public string Target { get; init; } = "";

    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; init; }

    public int Run(string[] arguments)
    {
        IInspector inspector =
            File.Exists(Path.Combine(Target, DatasetManifest.FileName)) ? new DatasetInspector(Target)
            : Directory.Exists(Target) ? new FolderInspector(Target)
            : !File.Exists(Target) ? throw new InvalidDataException($"'{Target}': no such file or folder")
            : Target.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? new SafetensorsInspector(Target)
            : new NiftiInspector(Target);
        Console.WriteLine(Json ? inspector.ToJson() : inspector.ToText());
        foreach (string problem in inspector.Problems)
            Console.Error.WriteLine($"unpairedseg: {OneLine.Of(problem)}");
        return inspector.Problems.Count == 0 ? ExitCode.Ok : ExitCode.BadData;
    }
}
