using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs.Progress;

/// <summary>Progress of one run among many: lines that begin with its name; of the steps, only some.</summary>
/// <param name="name">Stands before each line.</param>
/// <param name="output">Receives the lines.</param>
public sealed class JobProgress(string name, TextWriter output) : IProgressView
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(20);

    private readonly PlainProgress plain = new(new PrefixedLines(name, output));
    private long lastShown;

    public void Show(StepReport report)
    {
        if (lastShown != 0 && System.Diagnostics.Stopwatch.GetElapsedTime(lastShown) < Pause)
            return;
        lastShown = System.Diagnostics.Stopwatch.GetTimestamp();
        plain.Show(report);
    }

    public void Show(long step, ValidationReport report) => plain.Show(step, report);

    public void Note(string line) => plain.Note(line);

    private sealed class PrefixedLines(string prefix, TextWriter output) : StringWriter
    {
        public override void WriteLine(string? value) => output.WriteLine($"{prefix}: {value}");
    }
}
