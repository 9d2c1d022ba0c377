using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    /// <summary>kTile of kernels/mat_mul/mat_mul.cu.</summary>
    private const int MatMulTile = 64;

    private const int MatMulThreads = 256;

    public override void MatMul(Tensor a, bool transposeA, Tensor b, bool transposeB, Tensor y) =>
        kernels.Launch(
            "mat_mul/mat_mul",
            "mat_mul",
            new LaunchGeometry(Divide(y.Shape[0], MatMulTile), Divide(y.Shape[1], MatMulTile), 1, MatMulThreads, 0),
            new MatMulParameters
            {
                A = a.Pointer,
                B = b.Pointer,
                Y = y.Pointer,
                Rows = y.Shape[0],
                Columns = y.Shape[1],
                Depth = transposeA ? a.Shape[0] : a.Shape[1],
                ARow = transposeA ? 1 : a.Shape[1],
                AStep = transposeA ? a.Shape[1] : 1,
                BStep = transposeB ? 1 : b.Shape[1],
                BColumn = transposeB ? b.Shape[1] : 1,
            }
        );

    /// <summary>kernels/mat_mul/parameters.cuh: MatMulParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MatMulParameters
    {
        public nint A,
            B,
            Y;
        public int Rows,
            Columns,
            Depth,
            ARow,
            AStep,
            BStep,
            BColumn;
    }
}
