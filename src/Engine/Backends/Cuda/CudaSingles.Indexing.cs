using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    private const string IndexingFile = "indexing/indexing";

    public override void Max(Tensor x, int outer, int reduced, int inner, Tensor y, Tensor index)
    {
        int team = TeamOf(reduced, inner);
        kernels.Launch(
            IndexingFile,
            "max_with_index",
            TeamGeometry(y.Count, team),
            new MaxParameters
            {
                X = x.Pointer,
                Y = y.Pointer,
                Index = index.Pointer,
                Positions = y.Count,
                Reduced = reduced,
                Inner = inner,
                Team = team,
            }
        );
    }

    public override void Gather(Tensor x, Tensor index, int outer, int extent, int inner, Tensor y) =>
        Index("gather", x, index, extent, inner, y);

    public override void Scatter(Tensor y, Tensor index, int outer, int extent, int inner, Tensor x) =>
        Index("scatter", x, index, extent, inner, y);

    private void Index(string kernel, Tensor x, Tensor index, int extent, int inner, Tensor y) =>
        kernels.LaunchElementwise(
            IndexingFile,
            kernel,
            y.Count,
            new IndexParameters
            {
                X = x.Pointer,
                Y = y.Pointer,
                Index = index.Pointer,
                Positions = y.Count,
                Extent = extent,
                Inner = inner,
                HasBytes = index.DType == DType.UInt8 ? 1 : 0,
            }
        );

    /// <summary>kernels/indexing/parameters.cuh: MaxParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MaxParameters
    {
        public nint X,
            Y,
            Index;
        public long Positions;
        public int Reduced,
            Inner,
            Team;
    }

    /// <summary>IndexParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct IndexParameters
    {
        public nint X,
            Y,
            Index;
        public long Positions;
        public int Extent,
            Inner,
            HasBytes;
    }
}
