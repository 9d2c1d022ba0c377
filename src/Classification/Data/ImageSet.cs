namespace UnpairedSegEngine.Classification.Data;

/// <summary>Images of one size with their labels, in memory. Never changes, so threads may share it.</summary>
/// <param name="shape">Of every image.</param>
/// <param name="classCount">Classes that labels are of.</param>
/// <param name="isMultiLabel">Whether an image may have several labels, or none.</param>
/// <param name="images">In order.</param>
public sealed class ImageSet(ImageShape shape, int classCount, bool isMultiLabel, IReadOnlyList<LabelledImage> images)
{
    /// <summary>Of every image.</summary>
    public ImageShape Shape => shape;

    /// <summary>Classes that labels are of.</summary>
    public int ClassCount => classCount;

    /// <summary>Whether an image may have several labels, or none.</summary>
    public bool IsMultiLabel => isMultiLabel;

    /// <summary>Number of images.</summary>
    public int Count => images.Count;

    /// <summary>Whether images have proposals.</summary>
    public bool HasProposals => images.Any(image => image.Proposals.Count > 0);

    /// <summary>Whether it is known where objects are.</summary>
    public bool HasObjects => images.Any(image => image.Objects.Count > 0);

    /// <summary>All of an image.</summary>
    public LabelledImage this[int image] => images[image];

    /// <summary>(height, width, channels) of an image.</summary>
    public ReadOnlySpan<byte> Pixels(int image) => images[image].Pixels;

    /// <summary>The label of an image.</summary>
    /// <exception cref="InvalidOperationException">Images have several labels (<see cref="Labels"/>).</exception>
    public int Label(int image) =>
        isMultiLabel
            ? throw new InvalidOperationException("images of a multi-label set have no single label; ask for Labels")
            : images[image].Classes[0];

    /// <summary>By class, whether the image has its label.</summary>
    public bool[] Labels(int image)
    {
        var labels = new bool[classCount];
        foreach (int label in images[image].Classes)
            labels[label] = true;
        return labels;
    }

    /// <summary>Some of the images, in the order given.</summary>
    public ImageSet Subset(IEnumerable<int> indices) =>
        new(shape, classCount, isMultiLabel, [.. indices.Select(index => images[index])]);
}
