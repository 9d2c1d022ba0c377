namespace UnpairedSegEngine.Training.Progress;

/// <summary>Shows nothing.</summary>
public sealed class SilentProgress : IProgressView
{
    /// <inheritdoc/>
    public void Show(StepReport report) { }

    /// <inheritdoc/>
    public void Show(long step, ValidationReport report) { }

    /// <inheritdoc/>
    public void Note(string line) { }
}
