namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// The size of one training sample: an image of (depth, height, width, channels) with a class map of (depth, height, width).
/// </summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Channels">Channels, last; neighbouring slices of a single slice's sample.</param>
/// <param name="Depth">Slices.</param>
public readonly record struct SampleShape(int Height, int Width, int Channels, int Depth = 1)
{
    /// <summary>Positions: pixels, or voxels, of one channel.</summary>
    public int PixelCount => Depth * Height * Width;

    /// <summary>Elements of the image.</summary>
    public int ImageLength => PixelCount * Channels;

    /// <inheritdoc/>
    public override string ToString() => Depth == 1 ? $"{Height}x{Width}x{Channels}" : $"{Height}x{Width}x{Depth}";
}
