using UnpairedSegEngine.Imaging;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Collects the predictions of a volume's slices and returns them on the volume's own grid.</summary>
public sealed class CaseSegmentation
{
    private readonly CaseGrid grid;
    private readonly SliceResampling toCanonical;
    private readonly Volume<byte> labels;

    internal CaseSegmentation(CaseGrid grid, Geometry canonical, SliceResampling toCanonical)
    {
        this.grid = grid;
        this.toCanonical = toCanonical;
        labels = new Volume<byte>(canonical);
    }

    /// <summary>Sets a slice from class scores, interpolated bilinearly before the highest is taken: smoother borders than <see cref="SetLabels"/>.</summary>
    /// <param name="slice">Which axial slice.</param>
    /// <param name="scores">Logits or probabilities, (height, width, classes) at network size.</param>
    /// <param name="classCount">Classes.</param>
    public void SetScores(int slice, ReadOnlySpan<float> scores, int classCount)
    {
        CheckLength(scores.Length, grid.Height * grid.Width * classCount);
        toCanonical.TakeHighestScore(scores, classCount, labels.Slice(slice));
    }

    /// <summary>Sets a slice from a class map, (height, width) at network size, by nearest neighbour.</summary>
    public void SetLabels(int slice, ReadOnlySpan<byte> classMap)
    {
        CheckLength(classMap.Length, grid.Height * grid.Width);
        toCanonical.TakeNearest(classMap, labels.Slice(slice));
    }

    /// <summary>The segmentation on the volume's own grid and in its orientation; slices never set are background. It may share memory with this object.</summary>
    public Volume<byte> ToOriginal() =>
        new(grid.Original, Orientation.Reorient(labels, grid.Original.AxisCodes).Voxels);

    private void CheckLength(int found, int expected)
    {
        if (found != expected)
        {
            throw new ArgumentException($"{found} values given for a slice of {grid.Height}x{grid.Width}, expected {expected}");
        }
    }
}
