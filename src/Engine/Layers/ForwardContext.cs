using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Layers;

/// <summary>What every layer of a forward pass shares.</summary>
/// <param name="Tape">Records the pass.</param>
/// <param name="Modality">Modality of each sample, where layers need it (see <see cref="RequireModality"/>).</param>
/// <param name="Training">Batch moments and dropout if true; running statistics and none if false.</param>
/// <param name="Seed">Key of the dropout masks.</param>
/// <param name="Step">Training step; tells the masks of different steps apart.</param>
public sealed record ForwardContext(
    Tape Tape,
    ModalityIndex? Modality = null,
    bool Training = false,
    ulong Seed = 0,
    long Step = 0
)
{
    private const int SiteBits = 12;

    private readonly List<RunningUpdate> updates = [];

    /// <summary>What turns the streams of one step's masks into those of another's, when it is added to them.</summary>
    public static ulong StreamOffset(long from, long to) => (ulong)(to - from) << SiteBits;

    /// <summary>The modality of each sample, for a layer whose parameters depend on it.</summary>
    /// <param name="layer">Who asks, for the error message.</param>
    /// <exception cref="InvalidOperationException">The pass was not told the modalities.</exception>
    public ModalityIndex RequireModality(string layer) =>
        Modality
        ?? throw new InvalidOperationException(
            $"{layer} has parameters for each modality: give the ForwardContext the modality of each sample (Modality)"
        );

    /// <summary>
    /// Puts off an update of running statistics until <see cref="CommitUpdates"/>, so that a step whose loss is not finite leaves
    /// none;
    /// a pass that records nothing has no later moment, and updates at once.
    /// </summary>
    public void Defer(RunningUpdate update)
    {
        if (Tape.IsRecording)
            updates.Add(update);
        else
            Tape.Backend.UpdateRunningStatistics([update]);
    }

    /// <summary>
    /// Carries out the updates of an accepted step, all at once; before its backward pass, which frees what they read.
    /// </summary>
    public void CommitUpdates()
    {
        if (updates.Count > 0)
            Tape.Backend.UpdateRunningStatistics(updates);
        updates.Clear();
    }

    /// <summary>The mask of one dropout site in this step; off outside training.</summary>
    /// <param name="keep">Probability to keep an element.</param>
    /// <param name="site">Number of the site in its network.</param>
    public DropoutMask Mask(double keep, int site) =>
        Training ? new DropoutMask(keep, Seed, ((ulong)Step << SiteBits) | (uint)site) : DropoutMask.None;
}
