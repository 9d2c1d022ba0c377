using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs.Progress;

/// <summary>Shows what stays, such as warnings, and neither steps nor validations: those are in the run's records.</summary>
internal sealed class QuietProgress(TextWriter output) : IProgressView
{
    public void Show(StepReport report) { }

    public void Show(long step, ValidationReport report) { }

    public void Note(string line) => output.WriteLine(line);
}
