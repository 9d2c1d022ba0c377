using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The processor: hand-vectorised operations on the memory of <see cref="Device.OpenCpu"/>, in float32 and float64.
/// This front door checks shapes and element types; the work is done by one <see cref="TypedCpuBackend{TVector,T}"/> per element type.
/// </summary>
public sealed partial class CpuBackend : Backend
{
    private readonly CpuThreads team;
    private readonly SimdLevel level;
    private readonly Backend singles;
    private readonly Backend doubles;

    /// <param name="device">A device in host memory.</param>
    /// <param name="threads">Threads to work on, the caller's included; 0 for one per processor.</param>
    /// <param name="level">Width of the vectors; the best of this processor if not given.</param>
    /// <exception cref="ArgumentException">The device is not in host memory, or the processor lacks the vectors.</exception>
    public CpuBackend(Device device, int threads = 0, SimdLevel? level = null)
        : base(device)
    {
        if (!device.IsHost)
            throw new ArgumentException($"the CPU backend computes in host memory, but device {device.Name} has its own");
        this.level = level ?? SimdLevels.Best;
        if (this.level > SimdLevels.Best)
            throw new ArgumentException($"this processor runs vector code up to {SimdLevels.Best}, not {level}");
        team = new CpuThreads(threads == 0 ? Environment.ProcessorCount : threads);
        (singles, doubles) = this.level switch
        {
            SimdLevel.Avx512 => (Typed<Simd512<float>, float>(), Typed<Simd512<double>, double>()),
            SimdLevel.Avx2 => (Typed<Simd256<float>, float>(), Typed<Simd256<double>, double>()),
            _ => (Typed<Simd128<float>, float>(), Typed<Simd128<double>, double>()),
        };
    }

    public override string Description => $"cpu {level.ToString().ToLowerInvariant()} x{team.Count}";

    public override void Dispose()
    {
        singles.Dispose();
        doubles.Dispose();
        team.Dispose();
    }

    private Backend Typed<TVector, T>()
        where TVector : unmanaged, ISimd<TVector, T>
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
        => new TypedCpuBackend<TVector, T>(Device, team, level);

    /// <summary>The operations for the element type that the tensors share.</summary>
    /// <exception cref="ArgumentException">They differ, or the type has no arithmetic.</exception>
    private Backend For(params ReadOnlySpan<Tensor?> tensors)
    {
        DType type = tensors[0]!.DType;
        foreach (Tensor? tensor in tensors)
        {
            if (tensor is not null && tensor.DType != type)
                throw new ArgumentException($"tensors of one operation must share an element type, but {tensors[0]} meets {tensor}; convert one");
        }

        return type switch
        {
            DType.Float32 => singles,
            DType.Float64 => doubles,
            _ => throw new ArgumentException($"the CPU computes in Float32 and Float64, but {tensors[0]} was given; convert it"),
        };
    }

    private static void RequireShape(Tensor? tensor, Shape expected, string name)
    {
        if (tensor is not null && tensor.Shape != expected)
            throw new ArgumentException($"{name} must have shape {expected}, but has {tensor.Shape}");
    }

    private static void RequireType(Tensor tensor, DType expected, string name)
    {
        if (tensor.DType != expected)
            throw new ArgumentException($"{name} must be {expected}, but is {tensor.DType}");
    }

    private static void RequireCount(Tensor tensor, long expected, string name)
    {
        if (tensor.Count != expected)
            throw new ArgumentException($"{name} {tensor.Shape} must have {expected} elements, but has {tensor.Count}");
    }
}
