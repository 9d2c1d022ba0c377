using Spectre.Console;

namespace UnpairedSegEngine.Cli.Verbs;

/// <summary>Tables whose columns stay whole where the output is no terminal.</summary>
internal static class WideConsole
{
    private const int FewestColumns = 140;

    public static void Write(Table table)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        console.Profile.Width = Math.Max(console.Profile.Width, FewestColumns);
        console.Write(table);
    }
}
