using ILGPU;
using ILGPU.Runtime;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Tensors;
using Device = UnpairedSegEngine.Devices.Device;

namespace UnpairedSegEngine.Backends.Ilgpu;

/// <summary>
/// Every operation as a plain ILGPU kernel: portable to any device that ILGPU knows (CUDA, OpenCL, its own CPU simulator),
/// simple, and correct.
/// For speed there are <see cref="CpuBackend"/> and the CUDA backend, which derives from this one.
/// </summary>
public class IlgpuBackend : CheckedBackend
{
    private readonly KernelLauncher launcher;

    /// <summary>Compiles nothing yet: ILGPU compiles each kernel at its first launch.</summary>
    /// <param name="device">Any device of ILGPU's, its CPU simulator included; stays the caller's to dispose.</param>
    public IlgpuBackend(Device device)
        : this(device, new TypedIlgpuBackend<float, SingleElement>(device)) { }

    private protected IlgpuBackend(Device device, Backend singles)
        : base(device)
    {
        (Singles, Doubles) = (singles, new TypedIlgpuBackend<double, DoubleElement>(device));
        launcher = new KernelLauncher(device);
    }

    /// <inheritdoc/>
    public override string Description => $"ilgpu {Device.Accelerator.Name}";

    /// <inheritdoc/>
    protected sealed override Backend Singles { get; }

    /// <inheritdoc/>
    protected sealed override Backend Doubles { get; }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Singles.Dispose();
        Doubles.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override void FillStorage(Tensor y, double value)
    {
        switch (y.DType)
        {
            case DType.UInt8:
                Fill(y.RawView<byte>(), checked((byte)value));
                break;
            case DType.Int32:
                Fill(y.RawView<int>(), checked((int)value));
                break;
            case DType.BFloat16:
                Fill(y.RawView<ushort>(), BFloat16Bits.FromDouble(value));
                break;
            default:
                throw new ArgumentException($"nothing is stored as {y.DType}");
        }
    }

    /// <inheritdoc/>
    protected override void Copy(Tensor x, Tensor y)
    {
        ArrayView<byte> source = x.RawView<byte>(),
            target = y.RawView<byte>();
        target.CopyFrom(Device.Accelerator.DefaultStream, source);
    }

    private void Fill<T>(ArrayView<T> y, T value)
        where T : unmanaged => launcher.Launch(FillKernel, y.Length, new FillArguments<T>(y, value));

    private static void FillKernel<T>(FillArguments<T> p)
        where T : unmanaged
    {
        for (long i = Items.First; i < p.Y.Length; i += Items.Stride)
            p.Y[i] = p.Value;
    }

    internal readonly struct FillArguments<T>(ArrayView<T> y, T value)
        where T : unmanaged
    {
        public readonly ArrayView<T> Y = y;
        public readonly T Value = value;
    }
}
