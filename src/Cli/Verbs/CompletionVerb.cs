using CommandLine;
using UnpairedSegEngine.Cli.Commands;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>A shell that completes.</summary>
internal enum Shell
{
    Bash,
    Zsh,
    Fish,
}

[Verb("completion", HelpText = "Print a script that lets the shell complete commands, options and their values.")]
internal sealed class CompletionVerb : IVerb
{
    [Value(0, MetaName = "shell", Required = true, HelpText = "The shell.")]
    public Shell Shell { get; init; }

    public int Run(string[] arguments)
    {
        IReadOnlyList<string> presets = [.. ConfigFile.Presets];
        IReadOnlyList<Command> commands = Program.Commands;
        Console.Write(
            Shell switch
            {
                Shell.Bash => Completion.Bash(commands, presets),
                Shell.Zsh => Completion.Zsh(commands, presets),
                Shell.Fish => Completion.Fish(commands, presets),
                _ => throw new InvalidOperationException($"no shell {Shell}"),
            }
        );
        return ExitCode.Ok;
    }
}
