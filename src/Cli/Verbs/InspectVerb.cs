using CommandLine;
using UnpairedSegEngine.Cli.Inspectors;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("inspect", HelpText = "Show what a NIfTI file, safetensors file or dataset holds.")]
internal sealed class InspectVerb : IVerb
{
    [Value(0, Required = true, MetaName = "PATH", HelpText = "NIfTI or safetensors file, or a dataset folder.")]
    public string Target { get; init; } = "";

    [Option("json", HelpText = "Print JSON.")]
    public bool Json { get; init; }

    public int Run(string[] arguments)
    {
        IInspector inspector = Directory.Exists(Target) ? new DatasetInspector(Target)
            : !File.Exists(Target) ? throw new InvalidDataException($"'{Target}': no such file or folder")
            : Target.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? new SafetensorsInspector(Target)
            : new NiftiInspector(Target);
        Console.WriteLine(Json ? inspector.ToJson() : inspector.ToText());
        return ExitCode.Ok;
    }
}
