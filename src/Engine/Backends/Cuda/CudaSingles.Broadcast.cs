using System.Runtime.InteropServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    public override void Broadcast(Tensor x, int outer, int repeated, int inner, Tensor y) =>
        kernels.LaunchElementwise(
            "reduction/broadcast",
            "broadcast",
            y.Count,
            new BroadcastParameters
            {
                X = x.Pointer,
                Y = y.Pointer,
                Count = y.Count,
                Repeated = repeated,
                Inner = inner,
            }
        );

    /// <summary>kernels/reduction/parameters.cuh: BroadcastParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct BroadcastParameters
    {
        public nint X,
            Y;
        public long Count;
        public int Repeated,
            Inner;
    }
}
