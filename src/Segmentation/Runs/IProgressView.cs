namespace UnpairedSegEngine.Segmentation.Runs;

/// <summary>Shows a person how training goes.</summary>
public interface IProgressView
{
    /// <summary>Shows a step.</summary>
    void Show(StepReport report);

    /// <summary>Shows the scores of a validation.</summary>
    void Show(long step, IReadOnlyList<DiceScore> scores);

    /// <summary>Shows a line that stays, such as a warning.</summary>
    void Note(string line);
}
