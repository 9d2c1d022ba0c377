using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;
using Device = UnpairedSegEngine.Devices.Device;

namespace UnpairedSegEngine.Backends.Cuda.Graphs;

/// <summary>
/// Captures launches into CUDA graphs. While it records, launches go to a stream of its own (the default one cannot be captured),
/// and kernels are told where in
/// device memory the numbers will be that differ from replay to replay.
/// </summary>
internal sealed class CudaRecorder(Device device, ICudaDriver driver, KernelLibrary kernels, Workspace workspace)
    : IWorkRecorder,
        IDisposable
{
    private readonly nint main = kernels.Stream;
    private nint capture,
        copies;
    private StagedInput? numbers;
    private double? recordedRate;

    /// <summary>Packings of weights that are put off; null while nothing is recorded.</summary>
    public WeightPacking? Packing { get; private set; }

    /// <summary>
    /// Where recorded launches find what to add to the stream of their dropout masks; 0 while nothing is recorded.
    /// </summary>
    public nint StreamOffset => device.IsRecording ? numbers!.Tensor.Pointer : 0;

    /// <summary>Where recorded updates with that rate find the one that replaces it; 0 while nothing is recorded.</summary>
    /// <exception cref="NotSupportedException">An update with another rate was recorded: one number cannot replace
    /// both.</exception>
    public nint PlaceOfRate(double rate)
    {
        if (!device.IsRecording)
            return 0;
        if ((recordedRate ??= rate) != rate)
            throw new NotSupportedException($"Adam updates with rates {recordedRate} and {rate} cannot be recorded together");
        return numbers!.Tensor.Pointer + (int)Marshal.OffsetOf<Numbers>(nameof(Numbers.AdamRate));
    }

    public IRecordedInput CreateInput(Shape shape, DType type)
    {
        Prepare();
        return new StagedInput(device, driver, copies, main, shape, type);
    }

    public IRecording Record(params IReadOnlyList<Action> parts)
    {
        Prepare();
        MemoryReserve memory = device.Pool.Reserve();
        var graphs = new List<ICudaGraph>();
        var packing = new WeightPacking(kernels, memory, device.Pool);
        long earlier = kernels.Launches;
        (device.IsRecording, Packing, recordedRate, kernels.Stream, workspace.PeakBytes) = (true, packing, null, capture, 0);
        try
        {
            foreach (Action part in parts)
                graphs.Add(Capture(part));
            graphs.Insert(0, Capture(() => Launch(packing)));
        }
        catch
        {
            graphs.ForEach(graph => graph.Dispose());
            packing.Dispose();
            memory.Dispose();
            throw;
        }
        finally
        {
            (device.IsRecording, Packing, kernels.Stream) = (false, null, main);
            memory.Close();
        }

        return new CudaRecording(graphs, packing, memory, (int)(kernels.Launches - earlier), workspace.PeakBytes, kernels);
    }

    public void Set(ReplayNumbers values)
    {
        Prepare();
        Numbers next = new() { StreamOffset = values.StreamOffset, AdamRate = (float)values.AdamRate };
        numbers!.Load<byte>(MemoryMarshal.AsBytes(new ReadOnlySpan<Numbers>(in next)));
    }

    public void Dispose()
    {
        numbers?.Dispose();
        if (capture == 0)
            return;
        driver.DestroyStream(capture);
        driver.DestroyStream(copies);
    }

    private void Launch(WeightPacking packing)
    {
        if (kernels.Clock is { } clock)
            clock.Prepare("weight packing", packing.Launch);
        else
            packing.Launch();
    }

    private ICudaGraph Capture(Action part)
    {
        driver.BeginCapture(capture);
        try
        {
            part();
        }
        catch
        {
            Abandon();
            throw;
        }

        return driver.EndCapture(capture);
    }

    /// <summary>Ends a capture that failed; that the driver says so once more is no news.</summary>
    private void Abandon()
    {
        try
        {
            driver.EndCapture(capture).Dispose();
        }
        catch (CudaException)
        {
            return;
        }
    }

    /// <summary>Nothing of this is made where nothing is ever recorded.</summary>
    private void Prepare()
    {
        if (numbers is not null)
            return;
        (capture, copies) = (driver.CreateStream(), driver.CreateStream());
        numbers = new StagedInput(device, driver, copies, main, new Shape(Marshal.SizeOf<Numbers>()), DType.UInt8);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Numbers
    {
        public ulong StreamOffset;
        public float AdamRate;
        public int Reserved;
    }
}
