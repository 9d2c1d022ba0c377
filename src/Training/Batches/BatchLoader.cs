using System.Diagnostics;
using System.Runtime.ExceptionServices;
using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Training.Batches;

/// <summary>
/// Prepares training batches ahead on background threads. The batch of a step is a pure function of seed and step:
/// neither the number of threads nor the step that loading started at changes it.
/// </summary>
public sealed class BatchLoader : IDisposable
{
    /// <summary>Keeps the loader's random numbers apart from others that are keyed by the run's seed.</summary>
    private const ulong KeyOfLoading = 0x9F0C_64E1_5B7D_2A83;

    private readonly ISampleSource source;
    private readonly int samplesPerGroup;
    private readonly ulong key;
    private readonly object gate = new();
    private readonly Stack<LoadedBatch> free = new();
    private readonly Dictionary<long, LoadedBatch> ready = [];
    private readonly Dictionary<long, ExceptionDispatchInfo> failed = [];
    private readonly Thread[] threads;
    private readonly int prefetch;
    private long nextToFill,
        nextToHandOut;
    private int inUse;
    private bool stopping;

    /// <summary>Starts loading.</summary>
    /// <param name="source">Where samples come from.</param>
    /// <param name="samplesPerGroup">Samples of each group in a batch.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="firstStep">The step of the first batch: 0, or where training resumes.</param>
    /// <param name="threadCount">Background threads.</param>
    /// <param name="prefetch">Batches held at most, the one in use among them; this bounds the loader's memory.</param>
    public BatchLoader(
        ISampleSource source,
        int samplesPerGroup,
        ulong seed,
        long firstStep = 0,
        int threadCount = 1,
        int prefetch = 3
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(samplesPerGroup, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(firstStep);
        ArgumentOutOfRangeException.ThrowIfLessThan(threadCount, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(prefetch, 1);
        this.source = source;
        this.samplesPerGroup = samplesPerGroup;
        this.prefetch = prefetch;
        key = seed ^ KeyOfLoading;
        nextToFill = nextToHandOut = firstStep;
        for (int i = 0; i < prefetch; i++)
            free.Push(new LoadedBatch(source, samplesPerGroup, Recycle));
        threads =
        [
            .. Enumerable
                .Range(0, threadCount)
                .Select(i => new Thread(FillBatches) { IsBackground = true, Name = $"batch loader {i}" }),
        ];
        foreach (Thread thread in threads)
            thread.Start();
    }

    /// <summary>The batch of the next step; waits until it is there. Dispose of it when the step is done.</summary>
    /// <exception cref="InvalidDataException">A sample could not be read; the message names it.</exception>
    /// <exception cref="InvalidOperationException">All batches are in use.</exception>
    public LoadedBatch Next()
    {
        long started = Stopwatch.GetTimestamp();
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopping, this);
            if (inUse == prefetch)
            {
                throw new InvalidOperationException(
                    $"all {prefetch} batches are in use: dispose of one before asking for the next"
                );
            }
            LoadedBatch? batch;
            while (!ready.Remove(nextToHandOut, out batch))
            {
                if (failed.TryGetValue(nextToHandOut, out ExceptionDispatchInfo? failure))
                    failure.Throw();
                Monitor.Wait(gate);
            }
            nextToHandOut++;
            inUse++;
            batch.Wait = Stopwatch.GetElapsedTime(started);
            return batch;
        }
    }

    /// <summary>Stops the threads and waits for them.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            stopping = true;
            Monitor.PulseAll(gate);
        }
        foreach (Thread thread in threads)
            thread.Join();
    }

    private void FillBatches()
    {
        while (TakeFree() is LoadedBatch batch)
        {
            ExceptionDispatchInfo? failure = null;
            try
            {
                Fill(batch);
            }
            catch (Exception e)
            {
                // Rethrown to whoever asks for this step's batch.
                failure = ExceptionDispatchInfo.Capture(e);
            }
            lock (gate)
            {
                if (failure is null)
                {
                    ready.Add(batch.Step, batch);
                }
                else
                {
                    failed.Add(batch.Step, failure);
                    free.Push(batch);
                }
                Monitor.PulseAll(gate);
            }
            if (failure is not null)
                return;
        }
    }

    private void Fill(LoadedBatch batch)
    {
        for (int group = 0, position = 0; group < source.Groups.Count; group++)
        {
            for (int sample = 0; sample < samplesPerGroup; sample++, position++)
            {
                var stream = new PhiloxStream(
                    key ^ ((ulong)group << 32),
                    (uint)batch.Step,
                    (uint)(batch.Step >> 32),
                    (uint)sample
                );
                batch.Origins[position] = source.Draw(group, ref stream, new SamplePlace(batch, position));
            }
        }
    }

    private LoadedBatch? TakeFree()
    {
        lock (gate)
        {
            while (!stopping && free.Count == 0)
                Monitor.Wait(gate);
            if (stopping)
                return null;
            LoadedBatch batch = free.Pop();
            batch.Step = nextToFill++;
            return batch;
        }
    }

    private void Recycle(LoadedBatch batch)
    {
        lock (gate)
        {
            if (!free.Contains(batch))
            {
                free.Push(batch);
                inUse--;
            }
            Monitor.PulseAll(gate);
        }
    }
}
