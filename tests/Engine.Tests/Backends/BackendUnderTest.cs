using ILGPU.Runtime;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Ilgpu;
using UnpairedSegEngine.Tensors;
using Device = UnpairedSegEngine.Devices.Device;

namespace UnpairedSegEngine.Engine.Tests.Backends;

/// <summary>
/// One backend and element type that the contract's tests run on. A new backend joins by one more line in <see cref="All"/>.
/// </summary>
public sealed record BackendUnderTest(string Name, DType Type, Func<Backend> Open)
{
    private const string RealGpu = "gpu";

    /// <summary>
    /// Compute capability with kernels of its own; without them the tensor-core families are those of the one before.
    /// </summary>
    private const int Hopper = 90,
        Ampere = 80;

    private static readonly Lazy<Device> Cpu = new(Device.OpenCpu);

    private static readonly Lazy<Device> OpenCl = new(() => Device.OpenIlgpu(AcceleratorType.OpenCL));

    /// <summary>Asked for by UNPAIREDSEG_TEST_OPENCL=1: most machines have no OpenCL device that ILGPU can use.</summary>
    private static readonly bool TestsOpenCl = Environment.GetEnvironmentVariable("UNPAIREDSEG_TEST_OPENCL") == "1";

    private static readonly DType[] ArithmeticTypes = [DType.Float32, DType.Float64];

    public static IEnumerable<TestFixtureData> All => Single.Select(Fixture);

    /// <summary>
    /// With the tensor-core families of the CUDA kernels, which differ in their convolutions only, and the CPU's imitation of
    /// them. Small integers are exact in all of them.
    /// </summary>
    public static IEnumerable<TestFixtureData> AllPrecisions =>
        Single
            .Append(new BackendUnderTest("cpu bf16", DType.Float32, () => new CpuBackend(Cpu.Value, 3, bfloat16: true)))
            .Concat(Enum.GetValues<ConvolutionPrecision>().Where(p => p != ConvolutionPrecision.Fp32).SelectMany(Cuda))
            .Select(Fixture);

    private static IEnumerable<BackendUnderTest> Single =>
        [
            .. from level in SimdLevels.Available
            from type in ArithmeticTypes
            select new BackendUnderTest($"cpu {level} {type}", type, () => OpenCpu(3, level)),
            .. from type in ArithmeticTypes select new BackendUnderTest($"ilgpu {type}", type, () => new IlgpuBackend(Cpu.Value)),
            .. from type in ArithmeticTypes
            where TestsOpenCl
            select new BackendUnderTest($"ilgpu opencl {type}", type, () => new IlgpuBackend(OpenCl.Value)),
            .. Cuda(ConvolutionPrecision.Fp32),
        ];

    /// <summary>
    /// Emulated, and on the GPU where there is one; each is reported as not run, with the reason, where it cannot be opened.
    /// </summary>
    private static IEnumerable<BackendUnderTest> Cuda(ConvolutionPrecision precision) =>
        [
            new BackendUnderTest($"cuda emulated {precision}", DType.Float32, () => OpenEmulated(precision, Hopper)),
            .. precision == ConvolutionPrecision.Fp32
                ? (BackendUnderTest[])[]
                :
                [
                    new BackendUnderTest(
                        $"cuda emulated sm_{Ampere} {precision}",
                        DType.Float32,
                        () => OpenEmulated(precision, Ampere)
                    ),
                ],
            new BackendUnderTest($"{RealGpu} {precision}", DType.Float32, () => OpenGpu(precision)),
        ];

    private static Backend OpenEmulated(ConvolutionPrecision precision, int capability)
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        return CudaBackend.OpenEmulated(Cpu.Value, precision, capability: capability);
    }

    private static Backend OpenGpu(ConvolutionPrecision precision)
    {
        try
        {
            return CudaBackend.Open(0, precision);
        }
        catch (CudaException exception)
        {
            Assert.Ignore(exception.Message);
            throw;
        }
    }

    /// <summary>
    /// tools/gpu-check.sh runs the category "gpu", and those of its precisions ("gpu_bf16x3") in a process each.
    /// </summary>
    private static TestFixtureData Fixture(BackendUnderTest underTest)
    {
        var fixture = new TestFixtureData(underTest);
        if (underTest.Name.StartsWith(RealGpu, StringComparison.Ordinal))
        {
            fixture.Properties.Add("Category", "gpu");
            fixture.Properties.Add("Category", underTest.Name.Replace(' ', '_').ToLowerInvariant());
        }

        return fixture;
    }

    /// <summary>
    /// With direct convolutions, which the contract holds to be exact on small integers; WinogradTests has the others.
    /// </summary>
    public static CpuBackend OpenCpu(int threads, SimdLevel? level = null) => new(Cpu.Value, threads, level, exact: true);

    /// <summary>Ends a backend, and its device where it has one to itself: a GPU has room for some contexts only.</summary>
    public void Close(Backend backend)
    {
        Device device = backend.Device;
        backend.Dispose();
        if (Name.StartsWith(RealGpu, StringComparison.Ordinal))
            device.Dispose();
    }

    public override string ToString() => Name;
}
