using ILGPU.Runtime.Cuda;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda.Compilation;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Cuda.Graphs;
using UnpairedSegEngine.Backends.Cuda.Profiling;
using UnpairedSegEngine.Backends.Ilgpu;
using UnpairedSegEngine.Backends.Profiling;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Tensors;
using CudaException = UnpairedSegEngine.Backends.Cuda.Driver.CudaException;
using Device = UnpairedSegEngine.Devices.Device;

namespace UnpairedSegEngine.Backends.Cuda;

/// <summary>
/// NVIDIA GPUs: the portable ILGPU backend with its float32 operations replaced by the hand-written kernels of kernels/. Also
/// runs on the emulated driver.
/// </summary>
public sealed class CudaBackend : IlgpuBackend
{
    private readonly ICudaDriver driver;
    private readonly KernelLibrary kernels;
    private readonly CudaRecorder recorder;
    private readonly ConvolutionPrecision precision;
    private readonly bool records;

    private CudaBackend(
        Device device,
        ICudaDriver driver,
        KernelLibrary kernels,
        CudaRecorder recorder,
        CudaSingles singles,
        ConvolutionPrecision precision,
        bool records
    )
        : base(device, singles) =>
        (this.driver, this.kernels, this.recorder, this.precision, this.records) = (
            driver,
            kernels,
            recorder,
            precision,
            records
        );

    /// <summary>The GPU, what drives it, and the arithmetic of its convolutions.</summary>
    public override string Description => $"{driver.Properties.Name} ({driver.Description}), {Singles.Description}";

    /// <summary>Why <see cref="OpenEmulated"/> cannot work here, in one line; null if it can.</summary>
    public static string? EmulationUnavailableReason => EmulatedCudaDriver.UnavailableReason;

    /// <summary>The GPU's name, compute capability, limits and clocks, as its driver reports them.</summary>
    public CudaDeviceProperties Properties => driver.Properties;

    /// <inheritdoc/>
    public override IWorkRecorder? Recorder => records ? recorder : null;

    /// <inheritdoc/>
    public override bool FusesConvolution(ConvolutionProblem problem, InputNormalization? input, Tensor x) => true;

    /// <inheritdoc/>
    public override DType ActivationType(DType computed) =>
        precision == ConvolutionPrecision.Bf16 && computed == DType.Float32 ? DType.BFloat16 : computed;

    /// <inheritdoc/>
    public override bool UpdatesTogether => true;

    /// <summary>By the GPU's highest clocks, for the arithmetic of its convolutions; null where it tells none.</summary>
    public override DevicePeaks? Peaks => CudaPeaks.Of(driver.Properties, precision);

    /// <inheritdoc/>
    public override OperationClock CreateClock(bool kernels = true)
    {
        var clock = new CudaClock(driver, this.kernels);
        this.kernels.Clock = kernels ? clock : null;
        recorder.IsTimed = true;
        return clock;
    }

    /// <summary>The emulated GPU, on a device in host memory.</summary>
    /// <param name="device">The host.</param>
    /// <param name="precision">Arithmetic of the convolutions.</param>
    /// <param name="records">Whether <see cref="Recorder"/> is there.</param>
    /// <param name="branches">Whether gradients of weights are recorded in a branch of their own.</param>
    /// <param name="capability">Compute capability of the emulated GPU: 90 has Hopper's kernels, 80 those before.</param>
    /// <exception cref="CudaException">The emulated kernels were not built.</exception>
    public static CudaBackend OpenEmulated(
        Device device,
        ConvolutionPrecision precision = ConvolutionPrecision.Fp32,
        bool records = true,
        bool branches = true,
        int capability = 90
    ) => Open(device, new EmulatedCudaDriver(capability), precision, records, branches);

    /// <summary>Any driver that needs no images.</summary>
    internal static CudaBackend Open(
        Device device,
        ICudaDriver driver,
        ConvolutionPrecision precision,
        bool records = true,
        bool branches = true
    ) => On(device, driver, new KernelLibrary(driver, _ => [], stream: 0), precision, records, branches);

    /// <summary>A GPU through the installed driver.</summary>
    /// <param name="index">Number of the GPU, as the driver counts.</param>
    /// <param name="precision">Arithmetic of the convolutions.</param>
    /// <param name="records">Whether <see cref="Recorder"/> is there.</param>
    /// <param name="branches">Whether gradients of weights are recorded in a branch of their own.</param>
    /// <exception cref="CudaException">There is no driver, it is too old, or there is no GPU; one line says which.</exception>
    public static CudaBackend Open(
        int index = 0,
        ConvolutionPrecision precision = ConvolutionPrecision.Fp32,
        bool records = true,
        bool branches = true
    )
    {
        // Asked before ILGPU, which swallows the reason.
        var api = new CudaApi();
        Device device = Device.OpenCuda(index);
        try
        {
            return On(device, api, index, precision, records, branches);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        recorder.Dispose();
        base.Dispose();
        driver.Dispose();
    }

    /// <summary>On the stream of the launches, so that it is recorded with them.</summary>
    protected override void Copy(Tensor x, Tensor y) => kernels.Copy(y.Pointer, x.Pointer, x.Bytes);

    /// <inheritdoc/>
    protected override void FillStorage(Tensor y, double value)
    {
        (string kernel, uint bits) = y.DType switch
        {
            DType.UInt8 => ("storage_fill_8", checked((byte)value)),
            DType.Int32 => ("storage_fill_32", unchecked((uint)checked((int)value))),
            DType.BFloat16 => ("storage_fill_16", BFloat16Bits.FromDouble(value)),
            _ => throw new ArgumentException($"nothing is stored as {y.DType}"),
        };
        kernels.LaunchElementwise(
            CudaSingles.ConversionFile,
            kernel,
            y.Count,
            new CudaSingles.StorageFillParameters
            {
                Y = y.Pointer,
                Count = y.Count,
                Bits = bits,
            }
        );
    }

    private static CudaBackend On(
        Device device,
        CudaApi api,
        int index,
        ConvolutionPrecision precision,
        bool records,
        bool branches
    )
    {
#if USE_MANAGEDCUDA
        ICudaDriver driver = new ManagedCudaDriver(api, index, device.Accelerator.Bind);
#else
        ICudaDriver driver = new NativeCudaDriver(api, index, device.Accelerator.Bind);
#endif
        if (precision != ConvolutionPrecision.Fp32 && driver.Properties.Capability < 80)
            throw new CudaException(
                $"{driver.Properties.Name} has compute capability "
                    + $"{driver.Properties.Capability / 10}.{driver.Properties.Capability % 10}; bfloat16 arithmetic needs 8.0, "
                    + "use --precision fp32"
            );
        nint stream = ((CudaStream)device.Accelerator.DefaultStream).StreamPtr;
        var images = new KernelImages(KernelSources.Shipped, KernelImages.DefaultCacheFolder, driver.Properties.Capability);
        var kernels = new KernelLibrary(driver, images.Load, stream);
        kernels.Load("elementwise/elementwise"); // the smallest: a GPU without images is refused now, not in the first step
        return On(device, driver, kernels, precision, records, branches);
    }

    private static CudaBackend On(
        Device device,
        ICudaDriver driver,
        KernelLibrary kernels,
        ConvolutionPrecision precision,
        bool records,
        bool branches
    )
    {
        var workspace = new Workspace(device.Pool);
        var recorder = new CudaRecorder(device, driver, kernels, workspace, branches);
        return new CudaBackend(
            device,
            driver,
            kernels,
            recorder,
            new CudaSingles(device, kernels, precision, recorder, workspace),
            precision,
            records
        );
    }
}
