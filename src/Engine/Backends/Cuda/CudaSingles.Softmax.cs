using System.Numerics;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    private const int TeamThreads = 256,
        LargestTeam = 32;

    public override void Softmax(Tensor x, int outer, int classes, int inner, Tensor y) =>
        Softmax("softmax", x, classes, inner, y);

    public override void LogSoftmax(Tensor x, int outer, int classes, int inner, Tensor y) =>
        Softmax("log_softmax", x, classes, inner, y);

    /// <summary>
    /// Threads that share the elements of one position: one where positions are neighbours in memory, else a warp at most, which
    /// reads neighbours.
    /// </summary>
    private static int TeamOf(int elements, int inner) =>
        inner >= LargestTeam ? 1 : Math.Min(LargestTeam, (int)(BitOperations.RoundUpToPowerOf2((uint)elements + 1) / 2));

    private static LaunchGeometry TeamGeometry(long positions, int team) =>
        new(checked((int)(((positions * team) + TeamThreads - 1) / TeamThreads)), TeamThreads);

    private void Softmax(string kernel, Tensor x, int classes, int inner, Tensor y)
    {
        int team = TeamOf(classes, inner);
        long positions = x.Count / classes;
        kernels.Launch(
            "softmax/softmax",
            kernel,
            TeamGeometry(positions, team),
            new SoftmaxParameters
            {
                X = x.Pointer,
                Y = y.Pointer,
                Positions = positions,
                Classes = classes,
                Inner = inner,
                Team = team,
            }
        );
    }

    /// <summary>kernels/softmax/parameters.cuh: SoftmaxParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SoftmaxParameters
    {
        public nint X,
            Y;
        public long Positions;
        public int Classes,
            Inner,
            Team;
    }
}
