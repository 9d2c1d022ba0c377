using UnpairedSegEngine.Backends.Cpu;

namespace UnpairedSegEngine.Engine.Tests.Backends;

internal sealed class CpuThreadsTests
{
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(7)]
    public void Every_unit_runs_once_however_many_threads(int count)
    {
        using var threads = new CpuThreads(count);
        for (int job = 0; job < 300; job++)
        {
            var runs = new int[1 + (job % 11)];
            threads.Run(
                runs.Length,
                (unit, worker) =>
                {
                    Assert.That(worker, Is.InRange(0, count - 1));
                    Interlocked.Increment(ref runs[unit]);
                }
            );
            Assert.That(runs, Is.All.EqualTo(1));

            // Long enough for the helpers to park now and then.
            if (job % 100 == 0)
                Thread.Sleep(30);
        }
    }

    [Test]
    public void A_failing_unit_reaches_the_caller_and_the_team_works_on()
    {
        using var threads = new CpuThreads(3);
        Assert.That(
            () => threads.Run(8, (unit, _) => throw new InvalidOperationException($"unit {unit}")),
            Throws.TypeOf<AggregateException>()
        );
        int done = 0;
        threads.Run(8, (_, _) => Interlocked.Increment(ref done));
        Assert.That(done, Is.EqualTo(8));
    }
}
