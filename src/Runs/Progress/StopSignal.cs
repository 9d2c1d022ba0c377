using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Runs.Progress;

/// <summary>
/// Turns SIGINT (Ctrl-C) and SIGTERM into a request to stop after the current step. The second signal ends the process at once.
/// </summary>
public sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] registrations;
    private bool isAsked;

    public StopSignal() =>
        registrations = [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        ];

    /// <summary>Is cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>Whether it is the time given to <see cref="StopAfter"/> that asked.</summary>
    public bool IsTimeUp => source.IsCancellationRequested && !isAsked;

    /// <summary>Asks for the same as the first signal.</summary>
    public void Request()
    {
        isAsked = true;
        source.Cancel();
    }

    /// <summary>Asks for the same when a time is over.</summary>
    /// <param name="time">From now on; none is left where it is negative.</param>
    public void StopAfter(TimeSpan time)
    {
        // A timer of no time would fire on another thread, a little later.
        if (time < TimeSpan.FromMilliseconds(1))
            source.Cancel();
        else
            source.CancelAfter(time);
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in registrations)
            registration.Dispose();
        source.Dispose();
    }

    /// <remarks>A signal that is not cancelled has its default effect.</remarks>
    internal void Handle(PosixSignalContext context)
    {
        if (source.IsCancellationRequested)
            return;
        context.Cancel = true;
        Request();
    }
}
