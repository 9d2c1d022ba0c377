using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// How a volume's own voxel grid and the grid that the network sees map onto each other. Network slices are axial with columns
/// running to the patient's left and
/// rows to the front (LAS). They cover the whole volume, centred: either with square pixels such that a slice fits into a sample,
/// with a margin on the shorter side, or
/// at a given voxel size, with a margin where a volume is smaller than a sample. A sheared grid (gantry tilt) stays sheared:
/// spacing runs along its own axes, as in every
/// pipeline that resamples axis by axis; what comes back lies on the volume's own grid.
/// </summary>
public sealed class CaseGrid
{
    /// <summary>The frame of network slices.</summary>
    public const string CanonicalAxes = "LAS";

    private readonly Geometry canonical;
    private readonly SliceResampling toNetwork,
        toCanonical;
    private readonly AxisSampling slicesToNetwork,
        slicesToCanonical;

    /// <summary>Maps between a volume and the network's grid.</summary>
    /// <param name="caseId">Whose grid it is, for the message.</param>
    /// <param name="original">The volume's own grid.</param>
    /// <param name="canonical">That grid after reorientation to <see cref="CanonicalAxes"/>.</param>
    /// <param name="sample">Size of a sample: of every slice where slices are fitted, else the least size of the grid.</param>
    /// <param name="spacing">Voxel size of the network's grid.</param>
    /// <exception cref="InvalidDataException">The volume's spacing asks for more voxels than <see cref="GridLimits"/>
    /// allow.</exception>
    internal CaseGrid(string caseId, Geometry original, Geometry canonical, SampleShape sample, VoxelSpacing spacing)
    {
        Original = original;
        this.canonical = canonical;
        double fitted = Math.Max(
            canonical.X * canonical.Spacing.X / sample.Width,
            canonical.Y * canonical.Spacing.Y / sample.Height
        );
        Spacing = new Vector3d(
            spacing.IsGivenInPlane ? spacing.X : fitted,
            spacing.IsGivenInPlane ? spacing.Y : fitted,
            spacing.Z > 0 ? spacing.Z : canonical.Spacing.Z
        );
        long startingPixels = spacing.IsGivenInPlane ? (long)canonical.X * canonical.Y : (long)sample.Width * sample.Height;
        GridLimits.RequireResampling($"case '{caseId}'", canonical, Spacing, startingPixels * canonical.Z);
        (Width, Height) = spacing.IsGivenInPlane
            ? (Cover(0, sample.Width), Cover(1, sample.Height))
            : (sample.Width, sample.Height);
        SliceCount = Cover(2, sample.Depth);
        double columns = Spacing.X / canonical.Spacing.X,
            rows = Spacing.Y / canonical.Spacing.Y,
            slices = Spacing.Z / canonical.Spacing.Z;
        toNetwork = new SliceResampling(
            new AxisSampling(Height, canonical.Y, rows),
            new AxisSampling(Width, canonical.X, columns),
            canonical.X
        );
        toCanonical = new SliceResampling(
            new AxisSampling(canonical.Y, Height, 1 / rows),
            new AxisSampling(canonical.X, Width, 1 / columns),
            Width
        );
        slicesToNetwork = new AxisSampling(SliceCount, canonical.Z, slices);
        slicesToCanonical = new AxisSampling(canonical.Z, SliceCount, 1 / slices);
    }

    /// <summary>The volume's own grid.</summary>
    public Geometry Original { get; }

    /// <summary>Rows of a network slice.</summary>
    public int Height { get; }

    /// <summary>Columns of a network slice.</summary>
    public int Width { get; }

    /// <summary>Network slices.</summary>
    public int SliceCount { get; }

    /// <summary>Voxels of the network's grid, mm: left-right, front-back, feet-head.</summary>
    public Vector3d Spacing { get; }

    /// <summary>A network slice of the reoriented volume's image, linear along each axis.</summary>
    internal void ToNetwork(ReadOnlySpan<float> volume, int slice, float outside, Span<float> target)
    {
        if (!slicesToNetwork.Inside[slice])
        {
            target.Fill(outside);
            return;
        }

        toNetwork.Interpolate(SliceOf(volume, slicesToNetwork.Before[slice]), outside, target);
        float fraction = slicesToNetwork.Fraction[slice];
        if (fraction == 0)
            return;
        var above = new float[target.Length];
        toNetwork.Interpolate(SliceOf(volume, slicesToNetwork.After[slice]), outside, above);
        for (int i = 0; i < above.Length; i++)
            target[i] += fraction * (above[i] - target[i]);
    }

    /// <summary>A network slice of the reoriented volume's labels, nearest.</summary>
    internal void ToNetwork(ReadOnlySpan<byte> volume, int slice, Span<byte> target)
    {
        if (slicesToNetwork.Inside[slice])
            toNetwork.TakeNearest(SliceOf(volume, slicesToNetwork.Nearest(slice)), target);
        else
            target.Fill(LabelValue.Background);
    }

    /// <summary>An empty segmentation of the volume, to be filled slice by slice.</summary>
    /// <param name="probabilityClasses">Classes whose probabilities are collected, too; 0 for none.</param>
    public CaseSegmentation NewSegmentation(int probabilityClasses = 0) =>
        new(this, canonical, toCanonical, slicesToCanonical, probabilityClasses);

    private ReadOnlySpan<T> SliceOf<T>(ReadOnlySpan<T> volume, int slice) =>
        volume.Slice(slice * canonical.X * canonical.Y, canonical.X * canonical.Y);

    /// <summary>
    /// Voxels that cover an axis of the volume, at least as many as a sample has. A rest of less than a thousandth is rounding.
    /// </summary>
    private int Cover(int axis, int least) =>
        Math.Max(least, (int)Math.Ceiling((canonical.Size(axis) * canonical.Spacing[axis] / Spacing[axis]) - 1e-3));
}
