using System.Text;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Commands;

/// <summary>All commands and options as Markdown: docs/cli.md.</summary>
internal static class CommandReference
{
    public static string Of(IReadOnlyList<Command> commands)
    {
        var text = new StringBuilder();
        text.Append("# Commands\n\nWritten by `unpairedseg info --commands`; a test compares. ");
        text.Append("`unpairedseg COMMAND --help` says the same.\n\n");
        text.Append($"E{ExitCode.Meanings[1..]}.\n\n");
        text.Append("`--name value` and `--name=value` are the same. Numbers have a decimal point. ");
        text.Append("Completion: `source <(unpairedseg completion bash)`, or zsh, or `unpairedseg completion fish | source`.\n");
        foreach (Command command in commands)
            Append(text, command);
        return text.ToString();
    }

    private static void Append(StringBuilder text, Command command)
    {
        text.Append($"\n## {command.Name}\n\n{command.Help}\n");
        CommandOption[] options = [.. command.Values, .. command.Options];
        if (options.Length == 0)
            return;
        text.Append("\n| option | |\n|---|---|\n");
        foreach (CommandOption option in options)
            text.Append($"| `{option.Name}` | {TableText.MarkdownCell(Meaning(option))} |\n");
    }

    private static string Meaning(CommandOption option)
    {
        string choices = option.Choices.Count > 0 ? $" One of {string.Join(", ", option.Choices)}." : "";
        string needed = option.IsRequired ? "**Needed.** " : "";
        return $"{needed}{option.Help}{choices}{(option.Default is { } value ? $" Default: {value}." : "")}";
    }
}
