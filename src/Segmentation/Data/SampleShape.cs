namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// The size of one training sample: an image of (depth, height, width, channels) with a class map of (depth, height, width).
/// What the network takes as channels are neighbouring slices of co-registered volumes: all slices of the first volume, then
/// all of the second, so that a volume is a contiguous run of channels.
/// </summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Slices">Neighbouring slices of a single slice's sample, odd.</param>
/// <param name="Depth">Slices.</param>
/// <param name="Volumes">Co-registered volumes: the channels of a case.</param>
public readonly record struct SampleShape(int Height, int Width, int Slices, int Depth = 1, int Volumes = 1)
{
    /// <summary>Channels of the image, which come last.</summary>
    public int Channels => Slices * Volumes;

    /// <summary>Positions: pixels, or voxels, of one channel.</summary>
    public int PixelCount => Depth * Height * Width;

    /// <summary>Elements of the image.</summary>
    public int ImageLength => PixelCount * Channels;

    /// <inheritdoc/>
    public override string ToString() =>
        (Depth == 1 ? $"{Height}x{Width}x{Slices}" : $"{Height}x{Width}x{Depth}")
        + (Volumes == 1 ? "" : $" of {Volumes} volumes");
}
