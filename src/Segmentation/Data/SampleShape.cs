namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>The size of one training sample: an image of (height, width, channels) with a class map of (height, width).</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Channels">Neighbouring slices, channels last.</param>
public readonly record struct SampleShape(int Height, int Width, int Channels)
{
    /// <summary>Pixels of one channel.</summary>
    public int PixelCount => Height * Width;

    /// <summary>Elements of the image.</summary>
    public int ImageLength => PixelCount * Channels;

    /// <inheritdoc/>
    public override string ToString() => $"{Height}x{Width}x{Channels}";
}
