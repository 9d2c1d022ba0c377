using System.Diagnostics;
using System.Globalization;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Bench.Benchmarks;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Segmentation.Inference;

namespace UnpairedSegEngine.Bench.Planning;

/// <summary>A training step's time.</summary>
/// <param name="Seconds">Where nothing else runs.</param>
/// <param name="Waited">Share of the time that its threads waited for other programs, which is taken off.</param>
public sealed record StepTime(double Seconds, double Waited = 0);

/// <summary>Measures a training step of a configuration.</summary>
/// <param name="config">What is trained.</param>
/// <param name="model">Modalities, classes and samples.</param>
public delegate StepTime StepClock(TrainingConfig config, ModelDescription model);

/// <summary>Times training steps on made-up images: the least of a few.</summary>
/// <param name="backend">Computes.</param>
public sealed class MeasuredSteps(Backend backend)
{
    private const int Fewest = 3;
    private const double EnoughSeconds = 3;

    /// <inheritdoc cref="StepClock"/>
    public StepTime Measure(TrainingConfig config, ModelDescription model)
    {
        using var work = new MadeUpWork(config, backend, prediction: false, model);

        // The first step allocates and, on a GPU, loads kernels; the second is recorded.
        work.Run();
        work.Run();
        var least = new StepTime(double.PositiveInfinity);
        long begun = Stopwatch.GetTimestamp();
        for (int i = 0; i < Fewest || Stopwatch.GetElapsedTime(begun).TotalSeconds < EnoughSeconds; i++)
        {
            (long ran, long waited) = Scheduled();
            long started = Stopwatch.GetTimestamp();
            work.Run();
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            (long ranThen, long waitedThen) = Scheduled();
            double share = ranThen > ran ? Math.Max(0, waitedThen - waited) / (double)(ranThen - ran + waitedThen - waited) : 0;
            if (seconds * (1 - share) < least.Seconds)
                least = new StepTime(seconds * (1 - share), share);
        }

        return least;
    }

    /// <summary>
    /// Nanoseconds that the threads of this process ran, and that they were ready but others had the processor, as Linux
    /// counts; zeros elsewhere.
    /// </summary>
    private static (long Ran, long Waited) Scheduled()
    {
        const string Threads = "/proc/self/task";
        (long ran, long waited) = (0, 0);
        if (!Directory.Exists(Threads))
            return (0, 0);
        foreach (string thread in Directory.GetDirectories(Threads))
        {
            try
            {
                string[] words = File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ');
                ran += long.Parse(words[0], CultureInfo.InvariantCulture);
                waited += long.Parse(words[1], CultureInfo.InvariantCulture);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The thread has ended, or the kernel keeps no such statistics.
            }
        }

        return (ran, waited);
    }
}
