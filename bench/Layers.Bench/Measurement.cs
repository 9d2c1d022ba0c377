using System.Diagnostics;

namespace UnpairedSegEngine.Bench;

/// <summary>Times of repeated runs.</summary>
internal sealed record Measurement(double MinimumMilliseconds, double MedianMilliseconds, int Runs)
{
    /// <summary>Runs once to warm up, then until <paramref name="seconds"/> have passed and at least three times.</summary>
    public static Measurement Of(double seconds, Action run)
    {
        run();
        var times = new List<double>();
        long begun = Stopwatch.GetTimestamp();
        while (times.Count < 3 || Stopwatch.GetElapsedTime(begun).TotalSeconds < seconds)
        {
            long started = Stopwatch.GetTimestamp();
            run();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        times.Sort();
        return new Measurement(times[0], times[times.Count / 2], times.Count);
    }
}
