using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Segmentation.Networks;

/// <summary>What networks on slices ask of their input.</summary>
internal static class Slices
{
    /// <exception cref="ArgumentException">The shape is not (batch, 1, height, width, channels) with sides of that
    /// multiple.</exception>
    public static void Require(Shape images, int channels, Size3 multiple)
    {
        if (
            images.Rank != 5
            || images[1] != 1
            || images[2] % multiple.Height != 0
            || images[3] % multiple.Width != 0
            || images[4] != channels
        )
            throw new ArgumentException(
                $"images {images} must be (batch, 1, height, width, {channels}) with height and width divisible by "
                    + $"{multiple.Height}"
            );
    }
}
