using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Runs.Progress;

/// <summary>
/// Turns SIGINT (Ctrl-C) and SIGTERM into a request to stop after the current step. The second signal ends the process at once.
/// </summary>
public sealed class StopSignal : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] registrations;

    public StopSignal() =>
        registrations = [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
        ];

    /// <summary>Is cancelled by the first signal.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>Asks for the same as the first signal.</summary>
    public void Request() => source.Cancel();

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
        source.Cancel();
    }
}
