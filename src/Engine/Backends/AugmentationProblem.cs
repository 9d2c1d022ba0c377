using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Backends;

/// <summary>
/// Sizes of <see cref="Backend.Augment"/>, and where the numbers of a sample's variation lie: what is done in space, the stream
/// of
/// the noise, what is done to the intensities of each volume, the control points of the smooth displacement.
/// </summary>
/// <param name="ImageShape">(N, D, H, W, C); a volume is a run of C / <paramref name="Volumes"/> channels.</param>
/// <param name="Volumes">Whose intensities are varied each by itself.</param>
/// <param name="ControlPoints">Of the displacement along each side; 0 for none.</param>
public sealed record AugmentationProblem(Shape ImageShape, int Volumes = 1, int ControlPoints = 0)
{
    /// <summary>Order of the splines, of which each spans so many control points and one.</summary>
    public const int SplineOrder = 3;

    /// <summary>
    /// From row and column to the source's: row per row, row per column, row shift; column per row, column per column, column
    /// shift.
    /// </summary>
    public const int SpatialNumbers = 6;

    /// <summary>Of the Philox stream that the noise is drawn from: low and high half of the key, three names.</summary>
    public const int StreamNumbers = 5;

    /// <summary>
    /// Of a volume: the intensity outside of the image, gain, offset, gamma, noise, and the stream's word at which its noise
    /// begins.
    /// </summary>
    public const int VolumeNumbers = 6;

    /// <summary>More control points along a side than this are refused.</summary>
    public const int MostControlPoints = 64;

    /// <summary>Number of samples.</summary>
    public int Samples => ImageShape[0];

    /// <summary>Slices of a sample.</summary>
    public int Depth => ImageShape[1];

    /// <summary>Rows.</summary>
    public int Height => ImageShape[2];

    /// <summary>Columns.</summary>
    public int Width => ImageShape[3];

    /// <summary>Channels of all volumes.</summary>
    public int Channels => ImageShape[4];

    /// <summary>Channels of a volume.</summary>
    public int VolumeChannels => Channels / Volumes;

    /// <summary>Positions of a sample.</summary>
    public int Positions => checked(Depth * Height * Width);

    /// <summary>Of the class maps.</summary>
    public Shape LabelsShape => new(ImageShape.AsSpan()[..^1]);

    /// <summary>Where a sample's stream begins.</summary>
    public static int FirstOfStream => SpatialNumbers;

    /// <summary>Where the control points begin: all displacements along the rows' axis, then all along the columns'.</summary>
    public int FirstOfControlPoints => FirstOfVolume(Volumes);

    /// <summary>(samples, numbers), float64, of which all are integers below 2^32 or float32.</summary>
    public Shape VariationShape => new(Samples, FirstOfControlPoints + (2 * ControlPoints * ControlPoints));

    /// <summary>Where the numbers of a volume begin.</summary>
    public static int FirstOfVolume(int volume) => FirstOfStream + StreamNumbers + (volume * VolumeNumbers);

    /// <exception cref="ArgumentException">The sizes don't fit together.</exception>
    public AugmentationProblem Validate()
    {
        if (ImageShape.Rank != 5)
            throw new ArgumentException($"samples must be (batch, depth, height, width, channels), not {ImageShape}");
        if (Volumes < 1 || Channels % Volumes != 0)
            throw new ArgumentException($"{Channels} channels are not those of {Volumes} volumes");
        if (ControlPoints is not (0 or > SplineOrder and <= MostControlPoints))
            throw new ArgumentException(
                $"{ControlPoints} control points along a side: expected 0, or {SplineOrder + 1} to {MostControlPoints}"
            );
        return this;
    }
}
