namespace UnpairedSegEngine.Training.Progress;

/// <summary>Shows a person how training goes.</summary>
public interface IProgressView
{
    /// <summary>Shows a step.</summary>
    void Show(StepReport report);

    /// <summary>Shows a validation.</summary>
    void Show(long step, ValidationReport report);

    /// <summary>Shows a line that stays, such as a warning.</summary>
    void Note(string line);
}
