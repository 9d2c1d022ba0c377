using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The processor: hand-vectorised operations on the memory of <see cref="Device.OpenCpu()"/>, in float32 and float64.
/// The work is done by one <see cref="TypedCpuBackend{TVector,T}"/> per element type.
/// </summary>
public sealed class CpuBackend : CheckedBackend
{
    private readonly CpuThreads team;
    private readonly SimdLevel level;
    private readonly bool exact;
    private readonly bool bfloat16;

    /// <param name="device">A device in host memory.</param>
    /// <param name="threads">Threads to work on, the caller's included; 0 for one per processor.</param>
    /// <param name="level">Width of the vectors; the best of this processor if not given.</param>
    /// <param name="exact">Only direct convolutions: no Winograd transforms, which round more.</param>
    /// <param name="bfloat16">Rounds where the CUDA kernels do in precision bf16, for comparison with them: operands of
    /// convolutions and stored activations. Convolutions are direct: Winograd's transforms would not see products of rounded
    /// operands.</param>
    /// <exception cref="ArgumentException">The device is not in host memory, or the processor lacks the vectors.</exception>
    public CpuBackend(Device device, int threads = 0, SimdLevel? level = null, bool exact = false, bool bfloat16 = false)
        : base(device)
    {
        if (!device.IsHost)
            throw new ArgumentException($"the CPU backend computes in host memory, but device {device.Name} has its own");
        this.level = level ?? SimdLevels.Best;
        if (this.level > SimdLevels.Best)
            throw new ArgumentException($"this processor runs vector code up to {SimdLevels.Best}, not {level}");
        (this.exact, this.bfloat16) = (exact || bfloat16, bfloat16);
        team = new CpuThreads(threads == 0 ? Environment.ProcessorCount : threads);
        (Singles, Doubles) = this.level switch
        {
            SimdLevel.Avx512 => (Typed<Simd512<float>, float>(), Typed<Simd512<double>, double>()),
            SimdLevel.Avx2 => (Typed<Simd256<float>, float>(), Typed<Simd256<double>, double>()),
            SimdLevel.Portable => (Typed<Simd128<float>, float>(), Typed<Simd128<double>, double>()),
            _ => throw new ArgumentOutOfRangeException(nameof(level), level, "unknown width of vectors"),
        };
    }

    /// <summary>Width of the vectors and number of threads, "cpu avx512 x2", with "bf16" for that precision, else "exact" without
    /// Winograd's transforms.</summary>
    public override string Description =>
        $"{Processor} x{team.Count}{(bfloat16 ? " bf16"
            : exact ? " exact"
            : "")}";

    /// <inheritdoc/>
    public override string Processor => $"cpu {level.ToString().ToLowerInvariant()}";

    /// <inheritdoc/>
    public override DType ActivationType(DType computed) => bfloat16 && computed == DType.Float32 ? DType.BFloat16 : computed;

    /// <summary>In bfloat16 a fused convolution is more than its parts: its statistics are of what is not yet rounded.</summary>
    public override bool FusesConvolution(ConvolutionProblem problem, InputNormalization? input, Tensor x) =>
        bfloat16 || base.FusesConvolution(problem, input, x);

    /// <inheritdoc/>
    protected override Backend Singles { get; }

    /// <inheritdoc/>
    protected override Backend Doubles { get; }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Singles.Dispose();
        Doubles.Dispose();
        team.Dispose();
    }

    private Backend Typed<TVector, T>()
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T> =>
        new TypedCpuBackend<TVector, T>(Device, team, level, exact, bfloat16 && typeof(T) == typeof(float));

    /// <inheritdoc/>
    protected override unsafe void FillStorage(Tensor y, double value)
    {
        switch (y.DType)
        {
            case DType.UInt8:
                new Span<byte>(y.HostPointer<byte>(), checked((int)y.Count)).Fill(checked((byte)value));
                break;
            case DType.Int32:
                new Span<int>(y.HostPointer<int>(), checked((int)y.Count)).Fill(checked((int)value));
                break;
            case DType.BFloat16:
                new Span<ushort>((void*)y.Pointer, checked((int)y.Count)).Fill(BFloat16Bits.FromDouble(value));
                break;
            default:
                throw new ArgumentException($"nothing is stored as {y.DType}");
        }
    }

    /// <inheritdoc/>
    protected override unsafe void Copy(Tensor x, Tensor y) =>
        Buffer.MemoryCopy((void*)x.Pointer, (void*)y.Pointer, y.Bytes, x.Bytes);
}
