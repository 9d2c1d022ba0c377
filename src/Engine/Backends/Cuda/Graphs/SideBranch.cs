using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>
/// The second branch of a graph that is being captured, for launches whose results the main branch needs late or never: gradients
/// of weights, which nothing reads before the update. Each excursion follows what the main branch was given before it. The main
/// branch waits for it before the next excursion, before a launch that names what it writes, before an update, and at the end of
/// a part.
/// </summary>
/// <remarks>
/// Memory is lent again in the order of launches, which is not that of two branches. So a block that a launch of the second
/// branch names in its parameters is held when it comes back, until the main branch has waited.
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
    private readonly List<ICudaEvent> points = [];
    private readonly List<(nint Start, long Bytes)> results = [];

    /// <summary>Launches go to the second branch until this is disposed.</summary>
    /// <param name="result">What they write that others read.</param>
    public Excursion Begin(Tensor result)
    {
        Join();
        return Continue(result);
    }

    /// <summary>The same beside what the branch was given last.</summary>
    public Excursion Continue(Tensor result)
    {
        results.Add((result.Pointer, result.Bytes));
        Follow(aside, main);
        kernels.Stream = aside;
        return new Excursion(this);
    }

    /// <summary>Whether the branch writes what lies there, and the main branch has not waited for it.</summary>
    public bool Writes(nint address) =>
        results.Exists(result => address >= result.Start && address < result.Start + (nint)result.Bytes);

    /// <summary>What the main branch is given from here on follows all work of the second.</summary>
    public void Join()
    {
        if (results.Count == 0)
            return;
        Follow(main, aside);
        memory.Release();
        results.Clear();
    }

    public void Launching(ReadOnlySpan<nint> words)
    {
        foreach (nint word in words)
        {
            if (kernels.Stream == aside)
                memory.Hold(word);
            else if (Writes(word))
                Join();
        }
    }

    /// <summary>Frees points, which the graph needs no more.</summary>
    public void Dispose() => points.ForEach(point => point.Dispose());

    private void Follow(nint stream, nint after)
    {
        ICudaEvent point = driver.CreateEvent();
        points.Add(point);
        point.Mark(after);
        driver.Wait(stream, point);
    }

    private void End() => kernels.Stream = main;

    /// <summary>Launches that go to the second branch.</summary>
    internal readonly struct Excursion(SideBranch? branch) : IDisposable
    {
        public void Dispose() => branch?.End();
    }
}
