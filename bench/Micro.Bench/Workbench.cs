using BenchmarkDotNet.Attributes;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Bench.Micro;

/// <summary>A CPU backend and tensors on it, for as long as a benchmark runs.</summary>
public abstract class Workbench
{
    private TensorScope? scope;
    private Device? device;

    /// <summary>Threads of the backend.</summary>
    [Params(1)]
    public int Threads { get; set; }

    protected CpuBackend Backend { get; private set; } = null!;

    /// <summary>FLOPs of each benchmark by formula; 0 where memory is what counts. Known before the operands are made.</summary>
    public virtual double Flops => 0;

    /// <summary>Bytes that a benchmark reads and writes, each operand once.</summary>
    public virtual double Bytes(string benchmark) => 0;

    [GlobalSetup]
    public void SetUp()
    {
        device = Device.OpenCpu();
        Backend = new CpuBackend(device, Threads);
        scope = TensorScope.Open(device);
        Allocate();
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        scope!.Dispose();
        Backend.Dispose();
        device!.Dispose();
    }

    /// <summary>Makes the operands.</summary>
    protected abstract void Allocate();

    /// <summary>A tensor of numbers in [-0.5, 0.5).</summary>
    protected Tensor MadeUp(Shape shape) =>
        Tensor.From<float>(
            device!,
            shape,
            [.. Enumerable.Range(0, checked((int)shape.Count)).Select(i => (((i * 2654435761L) & 0xFFFF) / 65536f) - 0.5f)]
        );
}
