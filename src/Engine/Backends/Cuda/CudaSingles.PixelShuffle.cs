using System.Runtime.InteropServices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends.Cuda;

internal sealed partial class CudaSingles
{
    public override void PixelShuffle(Tensor x, int factor, bool transposed, Tensor y) =>
        Shuffle("pixel_shuffle", x, y, factor, transposed, spread: y.Shape);

    public override void PixelUnshuffle(Tensor y, int factor, bool transposed, Tensor x) =>
        Shuffle("pixel_unshuffle", y, x, factor, transposed, spread: y.Shape);

    private void Shuffle(string kernel, Tensor source, Tensor target, int factor, bool transposed, Shape spread) =>
        kernels.LaunchElementwise(
            "pixel_shuffle/pixel_shuffle",
            kernel,
            target.Count,
            new PixelShuffleParameters
            {
                Source = source.Pointer,
                Target = target.Pointer,
                Count = target.Count,
                Height = spread[2] / factor,
                Width = spread[3] / factor,
                Channels = spread[4],
                Factor = factor,
                Transposed = transposed ? 1 : 0,
            }
        );

    /// <summary>kernels/pixel_shuffle/parameters.cuh: PixelShuffleParameters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct PixelShuffleParameters
    {
        public nint Source,
            Target;
        public long Count;
        public int Height,
            Width,
            Channels,
            Factor,
            Transposed;
    }
}
