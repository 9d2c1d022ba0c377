using Spectre.Console;
using UnpairedSegEngine.Runs.Progress;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Runs;

public sealed class TrainingProgressTests
{
    private static readonly StepReport Report = new(
        50,
        200,
        [new("total", 1.25), new("dice_CT", -0.5), new("kd", 0.03122)],
        TimeSpan.FromMilliseconds(400),
        0.12
    );

    private static readonly ValidationReport Scores = new(
        new Score(Score.MeanDice, 0.733),
        "Dice",
        [new("CT", "liver", 0.9), new("CT", "sp[l]een", 0.5), new("MR", "liver", 0.8), new("MR", "sp[l]een", double.NaN)]
    );

    [Test]
    public void WithoutATerminalThereAreLines()
    {
        using var output = new StringWriter { NewLine = "\n" };
        TrainingProgress.Run(ShowAll, Console(output), output, ProgressStyle.Plain);
        Assert.That(
            output.ToString(),
            Is.EqualTo(
                """
                step 50/200  loss total 1.2500  -dice_CT -0.5000  kd 0.0312  400 ms/step  data wait 12 %  left 0:01:00
                validation at step 50  CT Dice 0.700  liver 0.900  sp[l]een 0.500
                validation at step 50  MR Dice 0.800  liver 0.800  sp[l]een n/a
                a note

                """
            )
        );
    }

    [Test]
    public void OnATerminalThereAreTables()
    {
        using var output = new StringWriter();
        TrainingProgress.Run(ShowAll, Console(output), output, ProgressStyle.Automatic);
        Assert.That(
            output.ToString(),
            Does.Contain("[##########..............................] step 50 / 200")
                .And.Contains("1.2500")
                .And.Contains("0:01:00")
                .And.Contains("-dice_CT")
                .And.Contains("sp[l]een")
                .And.Contains("n/a")
                .And.Contains("a note")
        );
    }

    [Test]
    public void ATerminalKeepsTheLatestValidationsInView()
    {
        using var output = new StringWriter();
        TrainingProgress.Run(
            view =>
            {
                for (int step = 10; step <= 80; step += 10)
                    view.Show(step, Scores);
            },
            Console(output),
            output,
            ProgressStyle.Automatic
        );
        string last = output.ToString()[output.ToString().LastIndexOf("Dice at step", StringComparison.Ordinal)..];
        Assert.That(last, Does.Contain("mean Dice").And.Contains(" 30 ").And.Contains(" 80 ").And.Not.Contains(" 20 "));
    }

    [Test]
    public void QuietShowsWhatStaysOnly()
    {
        using var output = new StringWriter { NewLine = "\n" };
        TrainingProgress.Run(ShowAll, Console(output), output, ProgressStyle.Quiet);
        Assert.That(output.ToString(), Is.EqualTo("a note\n"));
    }

    [Test]
    public void ErrorsOfTrainingPassThrough([Values] ProgressStyle style)
    {
        using var output = new StringWriter();
        Assert.That(
            () => TrainingProgress.Run(_ => throw new InvalidDataException("bad"), Console(output), output, style),
            Throws.TypeOf<InvalidDataException>()
        );
    }

    private static void ShowAll(IProgressView view)
    {
        view.Show(Report);
        view.Show(50, Scores);
        view.Note("a note");
    }

    private static IAnsiConsole Console(TextWriter output)
    {
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Ansi = AnsiSupport.Yes,
                Interactive = InteractionSupport.Yes,
                Out = new AnsiConsoleOutput(output),
            }
        );
        console.Profile.Width = 120;
        return console;
    }
}
