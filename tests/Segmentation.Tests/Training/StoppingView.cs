using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>Asks for an end after a step, as a person would by Ctrl-C.</summary>
/// <param name="stopAfter">The step.</param>
/// <param name="stop">Is asked.</param>
/// <param name="notes">Receives what stays on the screen, if given.</param>
internal sealed class StoppingView(long stopAfter, CancellationTokenSource stop, List<string>? notes = null) : IProgressView
{
    public void Show(StepReport report)
    {
        if (report.Step >= stopAfter)
            stop.Cancel();
    }

    public void Show(long step, ValidationReport report) { }

    public void Note(string line) => notes?.Add(line);
}
