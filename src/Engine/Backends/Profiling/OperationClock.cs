namespace UnpairedSegEngine.Backends.Profiling;

/// <summary>
/// Tells when operations began and ended, by a backend's own time. Points are numbered in the order of their making, from 0.
/// </summary>
public abstract class OperationClock : IDisposable
{
    /// <summary>
    /// Kernels that were launched since the last restart, each with the points at which it began and ended; none where operations
    /// are not made of kernels.
    /// </summary>
    public virtual IReadOnlyList<(string Kernel, int Begin, int End)> Kernels => [];

    /// <summary>What the backend does by itself before recorded operations, in order.</summary>
    public virtual IReadOnlyList<(string Operation, int Begin, int End)> Preparations => [];

    /// <summary>Forgets all points.</summary>
    public abstract void Restart();

    /// <summary>An operation begins.</summary>
    /// <returns>The point.</returns>
    public abstract int Begin(string operation);

    /// <summary>The operation that began last ends.</summary>
    /// <returns>The point.</returns>
    public abstract int End();

    /// <summary>Stops.</summary>
    public abstract void Dispose();

    /// <summary>
    /// When a point was passed, since the first of all; waits for it. Of points in recorded work, when it was passed last.
    /// </summary>
    public abstract TimeSpan TimeOf(int point);
}
