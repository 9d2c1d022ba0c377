using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>
/// The second branch of a graph that is being captured, for launches whose results the main branch needs late or never: gradients
/// of weights, which nothing reads before the update. It follows what the main branch was given before each excursion. The main
/// branch waits for it before a launch that names what it writes, before an update, and at the end of a part.
/// </summary>
/// <remarks>
/// Memory is lent again in the order of launches, which is not that of two branches. So a block that a launch of the second branch
/// names in its parameters is held when it comes back, until the main branch has waited for that launch.
/// Nothing may write in place what the second branch reads.
/// </remarks>
/// <param name="driver">Marks points in streams.</param>
/// <param name="kernels">Launch to either stream.</param>
/// <param name="memory">Of the recording.</param>
/// <param name="main">Stream that is captured.</param>
/// <param name="aside">Stream of the branch.</param>
internal sealed class SideBranch(ICudaDriver driver, KernelLibrary kernels, MemoryReserve memory, nint main, nint aside)
    : ILaunchWatcher,
        IDisposable
{
    /// <summary>While more bytes than that are held, the main branch waits for the oldest work of the other.</summary>
    public const long MostHeldBytes = 256L << 20;

    private readonly Queue<(long Work, ICudaEvent Done)> ahead = new();
    private readonly List<ICudaEvent> points = [];
    private readonly List<(nint Start, long Bytes)> results = [];
    private long work;

    /// <summary>Launches go to the second branch until this is disposed.</summary>
    /// <param name="result">What they write that others read.</param>
    public Excursion Begin(Tensor result)
    {
        while (memory.HeldBytes > MostHeldBytes && ahead.TryDequeue(out (long Work, ICudaEvent Done) oldest))
            WaitFor(oldest);
        work++;
        results.Add((result.Pointer, result.Bytes));
        driver.Wait(aside, Mark(main));
        (kernels.Stream, memory.LendsHeld) = (aside, true);
        return new Excursion(this);
    }

    /// <summary>Whether the branch writes what lies there, and the main branch has not waited for it.</summary>
    public bool Writes(nint address) =>
        results.Exists(result => address >= result.Start && address < result.Start + (nint)result.Bytes);

    /// <summary>What the main branch is given from here on follows all work of the second.</summary>
    public void Join()
    {
        if (ahead.Count > 0)
            WaitFor(ahead.Last());
        ahead.Clear();
        results.Clear();
    }

    public void Launching(ReadOnlySpan<nint> words)
    {
        foreach (nint word in words)
        {
            if (kernels.Stream == aside)
                memory.Hold(word, work);
            else if (Writes(word))
                Join();
        }
    }

    /// <summary>Frees points, which the graph needs no more.</summary>
    public void Dispose() => points.ForEach(point => point.Dispose());

    private void End()
    {
        ahead.Enqueue((work, Mark(aside)));
        (kernels.Stream, memory.LendsHeld) = (main, false);
    }

    private void WaitFor((long Work, ICudaEvent Done) of)
    {
        driver.Wait(main, of.Done);
        memory.Pass(of.Work);
    }

    private ICudaEvent Mark(nint stream)
    {
        ICudaEvent point = driver.CreateEvent();
        points.Add(point);
        point.Mark(stream);
        return point;
    }

    /// <summary>Launches that go to the second branch.</summary>
    internal readonly struct Excursion(SideBranch? branch) : IDisposable
    {
        public void Dispose() => branch?.End();
    }
}
