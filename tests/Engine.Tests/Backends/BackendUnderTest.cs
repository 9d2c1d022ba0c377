using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>One backend and element type that the contract's tests run on. A new backend joins by one more line in <see cref="All"/>.</summary>
public sealed record BackendUnderTest(string Name, DType Type, Func<Backend> Open)
{
    private static readonly Lazy<Device> Cpu = new(Device.OpenCpu);

    public static IEnumerable<BackendUnderTest> All
        => from level in SimdLevels.Available
           from type in (DType[])[DType.Float32, DType.Float64]
           select new BackendUnderTest($"{level} {type}", type, () => OpenCpu(3, level));

    public static CpuBackend OpenCpu(int threads, SimdLevel? level = null) => new(Cpu.Value, threads, level);

    public override string ToString() => Name;
}
