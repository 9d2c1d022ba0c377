using System.Numerics;
using System.Runtime.CompilerServices;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// The operations for one element type and vector width, one file each. Arguments have been checked by
/// <see cref="CheckedBackend"/>.
/// Work is cut into units by shape alone, and every sum has an order fixed by shape: results do not depend on the number of
/// threads.
/// </summary>
/// <param name="device">In host memory.</param>
/// <param name="threads">Share the work.</param>
/// <param name="level">Width of the vectors.</param>
/// <param name="exact">Only direct convolutions.</param>
/// <param name="roundsOperands">Whether operands of convolutions are rounded to bfloat16, as tensor cores take them.</param>
internal sealed unsafe partial class TypedCpuBackend<TVector, T>(
    Device device,
    CpuThreads threads,
    SimdLevel level,
    bool exact,
    bool roundsOperands
) : Backend(device)
    where TVector : unmanaged, ISimd<TVector, T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>Elements of one unit of streaming work: some 50 us, well above the cost of handing it to a thread.</summary>
    private const int StreamingGrain = 1 << 16;

    private readonly CpuConvolution convolution = new(threads, level, exact);

    private delegate void RangeBody(long from, long to, int worker);

    public override string Description => $"{typeof(T).Name} x{TVector.Count}";

    public override void Dispose()
    {
        convolution.Dispose();
        partialSums.Dispose();
        chunkSums.Dispose();
        coefficients.Dispose();
        foreach (AlignedScratch scratch in (AlignedScratch[])[.. chunkScratch, .. chunkAccumulators, .. panels])
            scratch.Dispose();
    }

    private static T* PointerOf(Tensor tensor) => tensor.HostPointer<T>();

    /// <summary>Null for a null tensor.</summary>
    private static T* PointerOrNull(Tensor? tensor) => tensor is null ? null : tensor.HostPointer<T>();

    /// <summary>
    /// Calls the body on consecutive ranges of <paramref name="grain"/> items that cover [0, <paramref name="count"/>).
    /// </summary>
    private void ForRanges(long count, long grain, RangeBody body) =>
        threads.Run(
            checked((int)((count + grain - 1) / grain)),
            (unit, worker) => body(unit * grain, Math.Min(count, (unit + 1) * grain), worker)
        );

    /// <summary>A vector of which at most <paramref name="available"/> lanes are read; the others are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector LoadUpTo(T* source, int available) =>
        available >= TVector.Count ? TVector.Load(source) : PartialVector.Load<TVector, T>(source, available);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreUpTo(TVector vector, T* target, int available)
    {
        if (available >= TVector.Count)
            TVector.Store(vector, target);
        else
            PartialVector.Store<TVector, T>(vector, target, available);
    }
}
