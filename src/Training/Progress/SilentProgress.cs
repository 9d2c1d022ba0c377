namespace UnpairedSegEngine.Training.Progress;

/// <summary>Shows nothing.</summary>
public sealed class SilentProgress : IProgressView
{
    public void Show(StepReport report) { }

    public void Show(long step, ValidationReport report) { }

    public void Note(string line) { }
}
