using System.Text;

namespace UnpairedSegEngine.Cli.Commands;

/// <summary>Scripts that let a shell complete commands, options and their values.</summary>
internal static class Completion
{
    private const string Program = "unpairedseg";

    /// <summary>For bash; file names where an option takes any text.</summary>
    /// <param name="commands">All.</param>
    /// <param name="presets">What <c>--config</c> takes beside files.</param>
    public static string Bash(IReadOnlyList<Command> commands, IReadOnlyList<string> presets)
    {
        var text = new StringBuilder();
        text.Append($"# Completion of {Program} for bash: source <({Program} completion bash)\n");
        text.Append($"_{Program}() {{\n");
        text.Append("    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n");
        text.Append("    case \"${COMP_CWORD} ${COMP_WORDS[1]} $before\" in\n");
        text.Append($"        '1 '*) words='{string.Join(' ', commands.Select(command => command.Name))} --help --version' ;;\n");
        foreach (Command command in commands)
        {
            foreach (CommandOption option in command.Options)
            {
                if (ChoicesOf(option, presets) is { Count: > 0 } choices)
                    text.Append($"        *' {command.Name} {option.Name}') words='{string.Join(' ', choices)}' ;;\n");
                else if (!option.IsSwitch)
                    text.Append($"        *' {command.Name} {option.Name}') return ;;\n");
            }

            if (command.Values is [{ Choices.Count: > 0 } first, ..])
                text.Append(
                    $"        '2 {command.Name} {command.Name}') words='{string.Join(' ', [.. first.Choices, .. Names(command)])}' ;;\n"
                );
            text.Append($"        *' {command.Name} '*) words='{string.Join(' ', Names(command))}' ;;\n");
        }

        text.Append("    esac\n");
        text.Append("    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n");
        text.Append($"complete -o default -F _{Program} {Program}\n");
        return text.ToString();
    }

    /// <summary>For zsh, which runs bash's.</summary>
    public static string Zsh(IReadOnlyList<Command> commands, IReadOnlyList<string> presets) =>
        $"autoload -U +X bashcompinit && bashcompinit\n{Bash(commands, presets)}";

    /// <summary>For fish, with descriptions.</summary>
    public static string Fish(IReadOnlyList<Command> commands, IReadOnlyList<string> presets)
    {
        var text = new StringBuilder();
        text.Append($"# Completion of {Program} for fish: {Program} completion fish | source\n");
        foreach (Command command in commands)
        {
            text.Append($"complete -c {Program} -n __fish_use_subcommand -f -a {command.Name} -d {Quoted(command.Help)}\n");
            string seen = $"complete -c {Program} -n '__fish_seen_subcommand_from {command.Name}'";
            if (command.Values is [{ Choices.Count: > 0 } first, ..])
                text.Append($"{seen} -f -a '{string.Join(' ', first.Choices)}'\n");
            foreach (CommandOption option in command.Options)
            {
                string values =
                    ChoicesOf(option, presets) is { Count: > 0 } choices ? $" -x -a '{string.Join(' ', choices)}'"
                    : option.IsSwitch ? ""
                    : " -r";
                text.Append($"{seen} -l {option.Name[2..]}{values} -d {Quoted(option.Help)}\n");
            }
        }

        return text.ToString();
    }

    private static IReadOnlyList<string> ChoicesOf(CommandOption option, IReadOnlyList<string> presets) =>
        option.Name == "--config" ? presets : option.Choices;

    private static IEnumerable<string> Names(Command command) => command.Options.Select(option => option.Name).Append("--help");

    /// <summary>The first sentence, for one line of a menu.</summary>
    private static string Quoted(string help)
    {
        int end = help.IndexOf(". ", StringComparison.Ordinal);
        string sentence = end < 0 ? help.TrimEnd('.') : help[..end];
        return $"'{sentence.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)}'";
    }
}
