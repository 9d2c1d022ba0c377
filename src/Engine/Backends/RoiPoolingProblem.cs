using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// Sizes of <see cref="Backend.RoiMaxPoolForward"/>: regions of interest of feature maps (N, 1, H, W, C), each divided into as
/// many bins along its height as along its width.
/// </summary>
/// <param name="InputShape">(N, 1, H, W, C).</param>
/// <param name="Regions">How many; of any images, in any order.</param>
/// <param name="Bins">Along each side of a region: 7 in Fast R-CNN.</param>
/// <param name="Scale">
/// From the coordinates of the regions to those of the map: 1/16 behind four poolings by two. Taken as float32.
/// </param>
public sealed record RoiPoolingProblem(Shape InputShape, int Regions, int Bins, double Scale)
{
    /// <summary>More bins along a side than this are refused.</summary>
    public const int MostBins = 128;

    /// <summary>More positions of a map than this are refused: float32 counts them exactly.</summary>
    public const int MostPositions = 1 << 24;

    /// <summary>Numbers of a region: its image (from 0), then x1, y1, x2, y2, of which the second corner belongs to it.</summary>
    public const int CornerNumbers = 5;

    /// <summary>Number of images.</summary>
    public int Images => InputShape[0];

    /// <summary>Of the map.</summary>
    public int Height => InputShape[2];

    /// <summary>Of the map.</summary>
    public int Width => InputShape[3];

    /// <summary>Channels of input and output.</summary>
    public int Channels => InputShape[4];

    /// <summary>(regions, 5), float32.</summary>
    public Shape CornersShape => new(Regions, CornerNumbers);

    /// <summary>(regions).</summary>
    public Shape ScoresShape => new(Regions);

    /// <summary>(regions, 1, bins, bins, channels).</summary>
    public Shape OutputShape => new(Regions, 1, Bins, Bins, Channels);

    /// <exception cref="ArgumentException">The map is no 2D feature map, or a number is out of range.</exception>
    public RoiPoolingProblem Validate()
    {
        if (InputShape.Rank != 5 || InputShape[1] != 1 || (long)Height * Width > MostPositions)
            throw new ArgumentException(
                $"regions are pooled of maps (batch, 1, height, width, channels) of at most {MostPositions} positions, "
                    + $"not of {InputShape}"
            );
        if (Regions < 1 || Bins is < 1 or > MostBins)
            throw new ArgumentException(
                $"pooling of {Regions} regions to {Bins} bins a side: there must be a region, and 1 to {MostBins} bins"
            );
        if (!((float)Scale > 0) || !float.IsFinite((float)Scale))
            throw new ArgumentException($"the scale from regions to their map must be a positive number, but is {Scale}");
        return this;
    }
}
