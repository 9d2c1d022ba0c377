using Spectre.Console;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs.Progress;

/// <summary>Chooses how progress is shown: tables on a terminal, lines elsewhere.</summary>
public static class TrainingProgress
{
    /// <summary>Runs training with a view of its progress.</summary>
    /// <param name="training">The work; its exceptions pass through.</param>
    /// <param name="plain">Lines even on a terminal.</param>
    public static void Run(Action<IProgressView> training, bool plain = false) =>
        Run(training, AnsiConsole.Console, Console.Out, plain || Console.IsOutputRedirected);

    internal static void Run(Action<IProgressView> training, IAnsiConsole console, TextWriter output, bool plain)
    {
        if (plain || !console.Profile.Capabilities.Ansi)
            training(new PlainProgress(output));
        else
            console.Live(Text.Empty).Start(display => training(new LiveProgress(console, display)));
    }
}
