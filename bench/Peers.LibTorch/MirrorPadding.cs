using TorchSharp;
using static TorchSharp.torch;

namespace UnpairedSegEngine.Bench.Peers;

/// <summary>TensorFlow's SYMMETRIC padding of both image axes: mirrored with the border pixel, ...b a | a b c...</summary>
internal static class MirrorPadding
{
    public static Tensor Apply(Tensor x, int amount)
    {
        // Of one pixel, it is replication, for which libtorch has a kernel.
        return amount == 1 ? nn.functional.pad(x, [1, 1, 1, 1], PaddingModes.Replicate) : Along(3, Along(2, x));

        Tensor Along(int axis, Tensor y) =>
            cat([y.narrow(axis, 0, amount).flip(axis), y, y.narrow(axis, y.shape[axis] - amount, amount).flip(axis)], axis);
    }
}
