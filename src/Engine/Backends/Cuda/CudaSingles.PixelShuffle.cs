using System.Numerics;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    private const int ShuffleThreads = 256,
        MostShuffleLanes = 8;

    public override void PixelShuffle(Tensor x, int factor, bool transposed, Tensor y) =>
        Shuffle("pixel_shuffle", x, y, factor, transposed, spread: y.Shape);

    public override void PixelUnshuffle(Tensor y, int factor, bool transposed, Tensor x) =>
        Shuffle("pixel_unshuffle", y, x, factor, transposed, spread: y.Shape);

    private void Shuffle(string kernel, Tensor source, Tensor target, int factor, bool transposed, Shape spread)
    {
        int packedRows = checked((int)(source.Count / spread[4] / spread[3] / factor));
        kernels.Launch(
            "pixel_shuffle/pixel_shuffle",
            kernel,
            new LaunchGeometry(packedRows, factor, 1, ShuffleThreads, 0),
            new PixelShuffleParameters
            {
                Source = source.Pointer,
                Target = target.Pointer,
                Width = spread[3] / factor,
                Channels = spread[4],
                Factor = factor,
                Transposed = transposed ? 1 : 0,
                Lanes = Math.Min(MostShuffleLanes, (int)BitOperations.RoundUpToPowerOf2((uint)spread[4])),
            }
        );
    }

    /// <summary>kernels/pixel_shuffle/parameters.cuh: PixelShuffleParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PixelShuffleParameters
    {
        public nint Source,
            Target;
        public int Width,
            Channels,
            Factor,
            Transposed,
            Lanes;
    }
}
