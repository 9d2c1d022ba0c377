using System.Text;
using CommandLine;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("config", HelpText = "List every configuration key, or check a YAML file and print what it resolves to.")]
internal sealed class ConfigVerb : IVerb
{
    [Option("explain", HelpText = "Print the table of keys as Markdown.")]
    public bool Explain { get; init; }

    [Option("schema", HelpText = "Print the JSON schema of configuration files.")]
    public bool Schema { get; init; }

    [Option("methods", HelpText = "List the training methods and what each can train.")]
    public bool Methods { get; init; }

    [Option("presets", HelpText = "List the configurations that come with the program; --config takes their names.")]
    public bool Presets { get; init; }

    [Option("config", HelpText = "YAML file or preset to check.")]
    public string? Config { get; init; }

    [Option("set", HelpText = "Settings that overrule the file: key.path=value ...")]
    public IEnumerable<string> Set { get; init; } = [];

    public int Run(string[] arguments)
    {
        if (Schema)
            Console.Write(ConfigSchema.Text(AllMethods.Keys, AllMethods.Defaults));
        else if (Methods)
            WriteMethods();
        else if (Presets)
            WritePresets();
        else if (Explain)
            Console.Write(Table());
        else
            ConfigFile.Write(Console.Out, ConfigLoader.Load(Config, Set));
        return ExitCode.Ok;
    }

    private static void WriteMethods()
    {
        foreach (MethodDefinition method in MethodDefinition.All.Values)
        {
            Console.WriteLine($"{method.Name, -12} {method.Summary}");
            foreach (MethodVariant variant in method.Variants)
                Console.WriteLine($"  {variant.Name, -14} {variant.Summary}{TaskOf(variant)}");
        }
    }

    private static string TaskOf(MethodVariant variant) =>
        variant.Task is { } task ? $" ({task.ToString().ToLowerInvariant()})" : "";

    private static void WritePresets()
    {
        foreach (string preset in ConfigFile.Presets)
            Console.WriteLine($"{preset, -20} {ConfigFile.SummaryOf(preset)}");
    }

    private static string Table()
    {
        var table = new StringBuilder("| key | values | default | meaning |\n|---|---|---|---|\n");
        foreach (ConfigExplanation row in ConfigExplain.Table(AllMethods.Keys, AllMethods.Defaults))
            table.Append(
                $"| `{row.Key}` | {TableText.MarkdownCell(row.Allowed)} | {TableText.MarkdownCell(row.Default)} | {TableText.MarkdownCell(row.Meaning)} |\n"
            );
        return table.ToString();
    }
}
