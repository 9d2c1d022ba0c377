using Spectre.Console;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs.Progress;

/// <summary>Chooses how progress is shown: tables on a terminal, lines elsewhere.</summary>
public static class TrainingProgress
{
    /// <summary>Runs training with a view of its progress.</summary>
    /// <param name="training">The work; its exceptions pass through.</param>
    /// <param name="style">How it is shown.</param>
    public static void Run(Action<IProgressView> training, ProgressStyle style) =>
        Run(
            training,
            AnsiConsole.Console,
            Console.Out,
            style == ProgressStyle.Automatic && Console.IsOutputRedirected ? ProgressStyle.Plain : style
        );

    internal static void Run(Action<IProgressView> training, IAnsiConsole console, TextWriter output, ProgressStyle style)
    {
        if (style == ProgressStyle.Quiet)
            training(new QuietProgress(output));
        else if (style == ProgressStyle.Plain || !console.Profile.Capabilities.Ansi)
            training(new PlainProgress(output));
        else
            console.Live(Text.Empty).Start(display => training(new LiveProgress(console, display)));
    }
}
