using Spectre.Console;
using UnpairedSegEngine.Runs.Progress;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Runs;

public sealed class TrainingProgressTests
{
    private static readonly StepReport Report = new(
        50,
        200,
        [new("total", 1.25), new("kd", 0.03122)],
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
        TrainingProgress.Run(ShowAll, Console(output), output, plain: true);
        Assert.That(
            output.ToString(),
            Is.EqualTo(
                """
                step 50/200  total 1.2500  kd 0.0312  400 ms/step  data wait 12 %  left 0:01:00
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
        TrainingProgress.Run(ShowAll, Console(output), output, plain: false);
        Assert.That(
            output.ToString(),
            Does.Contain("50 / 200")
                .And.Contains("1.2500")
                .And.Contains("0:01:00")
                .And.Contains("sp[l]een")
                .And.Contains("n/a")
                .And.Contains("a note")
        );
    }

    [Test]
    public void ErrorsOfTrainingPassThrough([Values] bool plain)
    {
        using var output = new StringWriter();
        Assert.That(
            () => TrainingProgress.Run(_ => throw new InvalidDataException("bad"), Console(output), output, plain),
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
