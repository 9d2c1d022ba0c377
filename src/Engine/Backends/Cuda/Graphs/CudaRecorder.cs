using System.Runtime.CompilerServices;
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
/// <param name="device">Lends memory.</param>
/// <param name="driver">Captures.</param>
/// <param name="kernels">Launch.</param>
/// <param name="workspace">Of operations.</param>
/// <param name="branches">Whether gradients of weights are recorded in a branch of their own.</param>
internal sealed class CudaRecorder(Device device, ICudaDriver driver, KernelLibrary kernels, Workspace workspace, bool branches)
    : IWorkRecorder,
        IDisposable
{
    private readonly nint main = kernels.Stream;
    private nint capture,
        aside,
        copies,
        results;
    private StagedInput? numbers;
    private RateSlots? slots;
    private SideBranch? branch;

    /// <summary>Packings of weights that are put off; null while nothing is recorded.</summary>
    public WeightPacking? Packing { get; private set; }

    /// <summary>Dropout masks that are put off; null while nothing is recorded.</summary>
    public DropoutMasks? Masks { get; private set; }

    /// <summary>Whether a clock times operations: they are then recorded one after the other.</summary>
    public bool IsTimed { private get; set; }

    /// <summary>Rates that the last <see cref="Set"/> brought.</summary>
    public int Rates { get; private set; }

    /// <summary>
    /// An optimizer updates weights: whoever packs them learns of it, and their gradients are complete. Where a recorded update
    /// finds the rate that replaces its
    /// own; 0 while nothing is recorded.
    /// </summary>
    /// <exception cref="NotSupportedException">
    /// An update of that slot with another rate was recorded: one number cannot replace both.
    /// </exception>
    public nint Update(int slot, double rate, IEnumerable<Tensor> weights)
    {
        if (slots is null)
            return 0;
        branch?.Join();
        slots.Take(slot, rate);
        foreach (Tensor updated in weights)
            Packing!.Updated(updated);
        return numbers!.Tensor.Pointer + (int)Marshal.OffsetOf<Numbers>(nameof(Numbers.Rates)) + (slot * sizeof(float));
    }

    /// <summary>
    /// Launches until the result is disposed compute what the main work needs late: while work is recorded they go to its second
    /// branch, if it has one.
    /// </summary>
    /// <param name="result">What they write that others read.</param>
    public SideBranch.Excursion Aside(Tensor result) => branch?.Begin(result) ?? default;

    /// <summary>The same where they read what such launches write.</summary>
    /// <param name="source">What they read.</param>
    /// <param name="result">What they write that others read.</param>
    public SideBranch.Excursion AsideAfter(Tensor source, Tensor result) =>
        branch?.Writes(source.Pointer) == true ? branch.Continue(result) : default;

    public IRecordedInput CreateInput(Shape shape, DType type)
    {
        Prepare();
        return new StagedInput(device, driver, copies, main, shape, type);
    }

    public IRecordedOutput CreateOutput(Tensor tensor)
    {
        Prepare();
        return new StagedOutput(driver, results, main, tensor);
    }

    public IRecording Record(params IReadOnlyList<Action> parts)
    {
        Prepare();
        MemoryReserve memory = device.Pool.Reserve();
        var graphs = new List<ICudaGraph>();
        var preparingGraphs = new Dictionary<int, ICudaGraph>();
        var packing = new WeightPacking(kernels, memory, device.Pool);
        var masks = new DropoutMasks(kernels, numbers!.Tensor.Pointer, device.Pool);
        IReadOnlyList<IPreparation> preparations = [packing, masks];
        long earlier = kernels.Launches;
        var rates = new RateSlots();
        // Times between points are of one branch.
        branch = branches && !IsTimed ? new SideBranch(driver, kernels, memory, capture, aside) : null;
        kernels.Watcher = branch;
        (device.IsRecording, Packing, Masks, slots, kernels.Stream, workspace.PeakBytes) = (
            true,
            packing,
            masks,
            rates,
            capture,
            0
        );
        try
        {
            foreach (Action part in parts)
            {
                foreach (IPreparation preparation in preparations)
                    preparation.Part = graphs.Count;
                graphs.Add(Capture(part));
            }

            foreach (int part in preparations.SelectMany(preparation => preparation.Parts).Distinct().Order())
                preparingGraphs.Add(part, Capture(() => Launch(preparations, part)));
        }
        catch
        {
            foreach (ICudaGraph graph in graphs.Concat(preparingGraphs.Values))
                graph.Dispose();
            foreach (IPreparation preparation in preparations)
                preparation.Dispose();
            memory.Dispose();
            throw;
        }
        finally
        {
            (device.IsRecording, Packing, Masks, slots, kernels.Stream) = (false, null, null, null, main);
            branch?.Dispose();
            (branch, kernels.Watcher) = (null, null);
            memory.Close();
        }

        return new CudaRecording(
            graphs,
            preparingGraphs,
            preparations,
            memory,
            (int)(kernels.Launches - earlier),
            workspace.PeakBytes,
            rates.Count,
            this,
            kernels
        );
    }

    public void Set(ReplayNumbers values)
    {
        if (values.Rates.Count > ReplayNumbers.MostRates)
            throw new ArgumentException($"{values.Rates.Count} rates, but there are {ReplayNumbers.MostRates} slots");
        Prepare();
        Numbers next = new() { StreamOffset = values.StreamOffset };
        for (int slot = 0; slot < values.Rates.Count; slot++)
            next.Rates[slot] = (float)values.Rates[slot];
        Rates = values.Rates.Count;
        numbers!.Load<byte>(MemoryMarshal.AsBytes(new ReadOnlySpan<Numbers>(in next)));
    }

    public void Dispose()
    {
        numbers?.Dispose();
        if (capture == 0)
            return;
        driver.DestroyStream(capture);
        driver.DestroyStream(aside);
        driver.DestroyStream(copies);
        driver.DestroyStream(results);
    }

    private void Launch(IReadOnlyList<IPreparation> preparations, int part)
    {
        foreach (IPreparation preparation in preparations.Where(preparation => preparation.Parts.Contains(part)))
        {
            if (kernels.Clock is { } clock)
                clock.Prepare(preparation.Name, () => preparation.Launch(part));
            else
                preparation.Launch(part);
        }
    }

    private ICudaGraph Capture(Action part)
    {
        driver.BeginCapture(capture);
        try
        {
            part();
            branch?.Join();
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
            branch?.Join();
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
        (capture, aside, copies, results) = (
            driver.CreateStream(),
            driver.CreateStream(),
            driver.CreateStream(),
            driver.CreateStream()
        );
        numbers = new StagedInput(device, driver, copies, main, new Shape(Marshal.SizeOf<Numbers>()), DType.UInt8);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Numbers
    {
        public ulong StreamOffset;
        public RateTable Rates;
    }

    [InlineArray(ReplayNumbers.MostRates)]
    private struct RateTable
    {
        private float first;
    }
}
