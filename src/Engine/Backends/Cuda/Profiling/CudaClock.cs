using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Profiling;

namespace UnpairedSegEngine.Backends.Cuda.Profiling;

/// <summary>
/// Events between operations and between their kernels, on the stream of the launches. In captured work they are part of the
/// graph, and the times are those of its last
/// replay: without what launching costs. Operations are NVTX ranges too.
/// </summary>
internal sealed class CudaClock(ICudaDriver driver, KernelLibrary kernels) : OperationClock
{
    private readonly List<ICudaEvent> points = [];
    private readonly List<(string Kernel, int Begin, int End)> launches = [];
    private readonly List<(string Operation, int Begin, int End)> preparations = [];

    public override IReadOnlyList<(string Kernel, int Begin, int End)> Kernels => launches;

    public override IReadOnlyList<(string Operation, int Begin, int End)> Preparations => preparations;

    public override void Restart()
    {
        preparations.Clear();
        points.ForEach(point => point.Dispose());
        points.Clear();
        launches.Clear();
    }

    public override int Begin(string operation)
    {
        NvtxRanges.Push(operation);
        return Mark();
    }

    public override int End()
    {
        NvtxRanges.Pop();
        return Mark();
    }

    /// <summary>Times what will run before everything else that is recorded.</summary>
    public void Prepare(string operation, Action launch)
    {
        int begin = Begin(operation);
        launch();
        preparations.Add((operation, begin, End()));
    }

    /// <summary>A kernel is about to be launched.</summary>
    /// <returns>The point.</returns>
    public int Begin() => Mark();

    /// <summary>A kernel was launched after that point.</summary>
    public void Launched(string kernel, int begin) => launches.Add((kernel, begin, Mark()));

    public override TimeSpan TimeOf(int point)
    {
        points[point].Synchronize();
        return TimeSpan.FromMilliseconds(
            points[point].MillisecondsSince(points[preparations.Count > 0 ? preparations[0].Begin : 0])
        );
    }

    public override void Dispose()
    {
        kernels.Clock = null;
        Restart();
    }

    private int Mark()
    {
        ICudaEvent point = driver.CreateEvent();
        point.Record(kernels.Stream);
        points.Add(point);
        return points.Count - 1;
    }
}
