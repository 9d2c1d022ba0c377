namespace UnpairedSegEngine.Backends.Cpu;

/// <summary>
/// Everything about a micro-kernel that is known before it runs, and is built into its code as constants. The kernel keeps
/// rows x vectors accumulators in registers and computes, over all steps of all segments,
/// acc[i][j] += A[row i] (one element, broadcast) * B[vector j]. Strides are in elements.
/// </summary>
/// <param name="ElementType">float or double.</param>
/// <param name="VectorBytes">16, 32 or 64.</param>
/// <param name="Rows">Elements of A per step.</param>
/// <param name="Vectors">Vectors of B per step, contiguous.</param>
/// <param name="RowStride">Distance of neighbouring rows of A.</param>
/// <param name="StepA">Advance of A per step.</param>
/// <param name="StepB">Advance of B per step.</param>
/// <param name="RowStrideC">Distance of the rows of the result.</param>
internal readonly record struct MicroKernelShape(
    Type ElementType,
    int VectorBytes,
    int Rows,
    int Vectors,
    int RowStride,
    int StepA,
    int StepB,
    int RowStrideC
)
{
    public int ElementBytes => ElementType == typeof(double) ? sizeof(double) : sizeof(float);

    public int Lanes => VectorBytes / ElementBytes;
}

/// <summary>One run of steps: where it begins in A and in B, in bytes from their bases.</summary>
internal readonly record struct Segment(nint OffsetA, nint OffsetB);

/// <summary>
/// A compiled micro-kernel. Adds to C if <paramref name="accumulate"/> is not 0, else overwrites it.
/// </summary>
internal unsafe delegate void MicroKernel(
    byte* a,
    byte* b,
    byte* c,
    Segment* segments,
    nint segmentCount,
    nint steps,
    nint accumulate
);
