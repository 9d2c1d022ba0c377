using System.Diagnostics;

namespace UnpairedSegEngine.Bench.Benchmarks;

/// <summary>Times of repeated runs.</summary>
/// <param name="MinimumMilliseconds">The least, which other work on the machine disturbs least.</param>
/// <param name="MedianMilliseconds">The middle one; the mean of the middle two.</param>
/// <param name="Runs">How many.</param>
public sealed record Measurement(double MinimumMilliseconds, double MedianMilliseconds, int Runs)
{
    private const int FewestRuns = 3;

    /// <summary>Runs once to warm up, then until <paramref name="seconds"/> have passed and at least three times.</summary>
    public static Measurement Of(double seconds, Action run) =>
        Of((runs, elapsed) => runs < FewestRuns || elapsed < seconds, run);

    /// <summary>Runs once to warm up, then so many times.</summary>
    public static Measurement Times(int times, Action run) => Of((runs, _) => runs < times, run);

    private static Measurement Of(Func<int, double, bool> goesOn, Action run)
    {
        run();
        var times = new List<double>();
        long begun = Stopwatch.GetTimestamp();
        while (goesOn(times.Count, Stopwatch.GetElapsedTime(begun).TotalSeconds))
        {
            long started = Stopwatch.GetTimestamp();
            run();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        times.Sort();
        return new Measurement(times[0], (times[(times.Count - 1) / 2] + times[times.Count / 2]) / 2, times.Count);
    }
}
