using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    private const int SumThreads = 256,
        TermsPerThread = 64;

    private const string SumFile = "reduction/sum";

    public override void Sum(Tensor x, int outer, int reduced, int inner, Tensor y)
    {
        (int lanes, int tiles) = SweepPlan.LanesOf(inner, wide: false);
        int chunk = Math.Min(reduced, SumThreads / lanes * TermsPerThread),
            chunks = Divide(reduced, chunk);
        using Scratch partial = Rent((long)outer * chunks * inner * sizeof(double));
        var parameters = new SumParameters
        {
            X = x.Pointer,
            Partial = partial.Pointer,
            Y = y.Pointer,
            Sums = y.Count,
            Reduced = reduced,
            Inner = inner,
            Chunk = chunk,
            Chunks = chunks,
            Lanes = lanes,
        };
        kernels.Launch(SumFile, "sum_chunks", new LaunchGeometry(checked(outer * chunks), tiles, 1, SumThreads, 0), parameters);
        kernels.Launch(
            SumFile,
            "sum_combine",
            new LaunchGeometry(Divide(checked((int)y.Count), WarpsPerBlock), SumThreads),
            parameters
        );
    }

    /// <summary>kernels/reduction/parameters.cuh: SumParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SumParameters
    {
        public nint X,
            Partial,
            Y;
        public long Sums;
        public int Reduced,
            Inner,
            Chunk,
            Chunks,
            Lanes;
    }
}
