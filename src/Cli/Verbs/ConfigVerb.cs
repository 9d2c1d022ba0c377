using System.Text;
using CommandLine;
using UnpairedSegEngine.Segmentation.Configuration;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("config", HelpText = "List every configuration key, or check a YAML file and print what it resolves to.")]
internal sealed class ConfigVerb : IVerb
{
    [Option("explain", HelpText = "Print the table of keys as Markdown.")]
    public bool Explain { get; init; }

    [Option("schema", HelpText = "Print the JSON schema of configuration files.")]
    public bool Schema { get; init; }

    [Option("config", HelpText = "YAML file or preset to check.")]
    public string? Config { get; init; }

    [Option("set", HelpText = "Settings that overrule the file: key.path=value ...")]
    public IEnumerable<string> Set { get; init; } = [];

    public int Run(string[] arguments)
    {
        if (Schema)
            Console.Write(ConfigSchema.Text());
        else if (Explain)
            Console.Write(Table());
        else
            ConfigFile.Write(Console.Out, ConfigLoader.Load(Config, Set));
        return ExitCode.Ok;
    }

    private static string Table()
    {
        var table = new StringBuilder("| key | values | default | meaning |\n|---|---|---|---|\n");
        foreach (ConfigExplanation row in ConfigExplain.Table)
            table.Append($"| `{row.Key}` | {Escape(row.Allowed)} | {Escape(row.Default)} | {Escape(row.Meaning)} |\n");
        return table.ToString();
    }

    private static string Escape(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
