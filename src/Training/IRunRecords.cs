using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Training;

/// <summary>Keeps what a run measures.</summary>
public interface IRunRecords
{
    /// <summary>Opens the records to go on after a step: what was recorded behind it is dropped.</summary>
    IMetricLog Open(long lastStep);

    /// <summary>Draws the curves so far; a picture that cannot be written loses nothing.</summary>
    /// <param name="note">Is told if it could not be written.</param>
    void Draw(Action<string> note);

    /// <summary>What to do after a numeric failure, as the end of a sentence.</summary>
    /// <param name="steps">Steps that one can go back to, newest last.</param>
    string WayBack(IReadOnlyList<long> steps);
}
