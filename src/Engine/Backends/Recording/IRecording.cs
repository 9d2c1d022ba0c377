namespace UnpairedSegEngine.Backends.Recording;

/// <summary>Recorded work (see <see cref="IWorkRecorder.Record"/>). Disposing it frees its memory.</summary>
public interface IRecording : IDisposable
{
    /// <summary>Launches in all parts together.</summary>
    int Launches { get; }

    /// <summary>The most memory that the recorded work holds at a time, in bytes.</summary>
    long PeakBytes { get; }

    /// <summary>The most of it that single operations hold while they run, in bytes.</summary>
    long WorkspaceBytes { get; }

    /// <summary>Weights in the order in which kernels read them and drawn dropout masks, in bytes; beside the rest.</summary>
    long PreparedBytes { get; }

    /// <summary>Starts a part; what is given to the backend afterwards runs after it.</summary>
    /// <exception cref="InvalidOperationException">
    /// A recorded update has no rate: <see cref="IWorkRecorder.Set"/> was not called, or with too few.
    /// </exception>
    void Run(int part);
}
