using System.Diagnostics;

namespace UnpairedSegEngine.Backends.Profiling;

/// <summary>For backends that have finished when an operation returns.</summary>
internal sealed class HostClock : OperationClock
{
    private readonly List<long> points = [];

    public override void Restart() => points.Clear();

    public override int Begin(string operation) => Mark();

    public override int End() => Mark();

    public override TimeSpan TimeOf(int point) => Stopwatch.GetElapsedTime(points[0], points[point]);

    public override void Dispose() => Restart();

    private int Mark()
    {
        points.Add(Stopwatch.GetTimestamp());
        return points.Count - 1;
    }
}
