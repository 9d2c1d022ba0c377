namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// A fixed team of threads that share out the units of one job at a time: each begins with a range of its own, the same in every
/// job of as many units, so that it finds in
/// its caches what it wrote there, and then helps the others. Units are claimed in any order, so a job must give each unit its
/// own output: then results do not depend on
/// the number of threads. The caller is worker 0.
/// </summary>
public sealed class CpuThreads : IDisposable
{
    // Waking a parked thread costs about 10 us; operations follow each other within microseconds, so workers spin first.
    private const int SpinsBeforeParking = 20_000;

    // Counters of different workers lie on different cache lines, and lines are fetched in pairs.
    private const int CounterStride = 128 / sizeof(int);

    private readonly Thread[] helpers;
    private readonly int[] nextUnits;
    private readonly object gate = new();
    private Action<int, int>? body;
    private int units;
    private int helpersInside;
    private int generation;
    private volatile bool isOpen;
    private volatile bool stopping;
    private Exception? failure;

    /// <param name="count">Threads that work on a job, the caller included.</param>
    public CpuThreads(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        Count = count;
        helpers = new Thread[count - 1];
        nextUnits = new int[(count + 1) * CounterStride];
        for (int i = 0; i < helpers.Length; i++)
        {
            int worker = i + 1;
            helpers[i] = new Thread(() => Serve(worker)) { IsBackground = true, Name = $"cpu worker {worker}" };
            helpers[i].Start();
        }
    }

    /// <summary>Threads that work on a job, the caller included; workers are numbered from 0 to one less.</summary>
    public int Count { get; }

    /// <summary>
    /// Calls <paramref name="job"/>(unit, worker) once for each unit in [0, <paramref name="unitCount"/>); returns when all are
    /// done.
    /// </summary>
    /// <exception cref="AggregateException">A unit threw; the first exception is inside.</exception>
    public void Run(int unitCount, Action<int, int> job)
    {
        if (helpers.Length == 0 || unitCount == 1)
        {
            for (int unit = 0; unit < unitCount; unit++)
                job(unit, 0);
            return;
        }

        (body, units, failure) = (job, unitCount, null);
        for (int worker = 0; worker < Count; worker++)
            NextUnit(worker) = FirstUnit(worker);
        isOpen = true;
        Announce();
        Work(0);

        // A helper that has not woken by now finds the job closed: nobody waits for it.
        isOpen = false;
        Interlocked.MemoryBarrier();
        var spinner = default(SpinWait);
        while (Volatile.Read(ref helpersInside) > 0)
            spinner.SpinOnce(sleep1Threshold: -1);
        body = null;
        if (failure is not null)
            throw new AggregateException(failure);
    }

    /// <summary>Ends the helpers and waits for them; no job may be running.</summary>
    public void Dispose()
    {
        stopping = true;
        Announce();
        foreach (Thread helper in helpers)
            helper.Join();
    }

    private void Announce()
    {
        Interlocked.Increment(ref generation);
        lock (gate)
            Monitor.PulseAll(gate);
    }

    private void Serve(int worker)
    {
        int seen = 0;
        while (true)
        {
            WaitForNews(seen);
            if (stopping)
                return;
            seen = Volatile.Read(ref generation);

            // Entering comes before looking: once inside with the job open, the caller waits for this helper.
            Interlocked.Increment(ref helpersInside);
            if (isOpen)
                Work(worker);
            Interlocked.Decrement(ref helpersInside);
        }
    }

    private void WaitForNews(int seen)
    {
        for (int spin = 0; spin < SpinsBeforeParking; spin++)
        {
            if (Volatile.Read(ref generation) != seen)
                return;
            Thread.SpinWait(8);
        }

        lock (gate)
        {
            while (Volatile.Read(ref generation) == seen)
                Monitor.Wait(gate);
        }
    }

    /// <summary>Where a worker's range of units begins, and its predecessor's ends.</summary>
    private int FirstUnit(int worker) => (int)((long)units * worker / Count);

    private ref int NextUnit(int worker) => ref nextUnits[(worker + 1) * CounterStride];

    private void Work(int worker)
    {
        try
        {
            for (int i = 0; i < Count; i++)
            {
                int owner = (worker + i) % Count,
                    end = FirstUnit(owner + 1),
                    unit;
                while ((unit = Interlocked.Increment(ref NextUnit(owner)) - 1) < end)
                    body!(unit, worker);
            }
        }
        catch (Exception exception)
        {
            Interlocked.CompareExchange(ref failure, exception, null);
            for (int owner = 0; owner < Count; owner++)
                Interlocked.Exchange(ref NextUnit(owner), units);
        }
    }
}
