using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// How a volume's own voxel grid and the slices that the network sees map onto each other. Network slices are axial with
/// columns running to the patient's left and rows to the front (LAS); they cover the whole volume with square pixels,
/// centred, with a margin on the shorter side.
/// </summary>
public sealed class CaseGrid
{
    /// <summary>The frame of network slices.</summary>
    public const string CanonicalAxes = "LAS";

    private readonly Geometry canonical;
    private readonly SliceResampling toNetwork, toCanonical;

    /// <summary>Maps between a volume and slices of a given size.</summary>
    /// <param name="original">The volume's own grid.</param>
    /// <param name="canonical">That grid after reorientation to <see cref="CanonicalAxes"/>.</param>
    /// <param name="height">Rows of a network slice.</param>
    /// <param name="width">Columns of a network slice.</param>
    internal CaseGrid(Geometry original, Geometry canonical, int height, int width)
    {
        Original = original;
        this.canonical = canonical;
        Height = height;
        Width = width;
        double pixel = Math.Max(canonical.X * canonical.Spacing.X / width, canonical.Y * canonical.Spacing.Y / height);
        double columnRatio = pixel / canonical.Spacing.X, rowRatio = pixel / canonical.Spacing.Y;
        toNetwork = new SliceResampling(
            new AxisSampling(height, canonical.Y, rowRatio), new AxisSampling(width, canonical.X, columnRatio), canonical.X);
        toCanonical = new SliceResampling(
            new AxisSampling(canonical.Y, height, 1 / rowRatio), new AxisSampling(canonical.X, width, 1 / columnRatio), width);
    }

    /// <summary>The volume's own grid.</summary>
    public Geometry Original { get; }

    /// <summary>Rows of a network slice.</summary>
    public int Height { get; }

    /// <summary>Columns of a network slice.</summary>
    public int Width { get; }

    /// <summary>Axial slices of the volume.</summary>
    public int SliceCount => canonical.Z;

    /// <summary>An image slice of the reoriented volume at network size, bilinear.</summary>
    internal void ToNetwork(ReadOnlySpan<float> slice, float outside, Span<float> target) => toNetwork.Interpolate(slice, outside, target);

    /// <summary>A label slice of the reoriented volume at network size, nearest.</summary>
    internal void ToNetwork(ReadOnlySpan<byte> slice, Span<byte> target) => toNetwork.TakeNearest(slice, target);

    /// <summary>An empty segmentation of the volume, to be filled slice by slice.</summary>
    public CaseSegmentation NewSegmentation() => new(this, canonical, toCanonical);
}
