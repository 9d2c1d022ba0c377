namespace UnpairedSegEngine.Imaging.Pictures;

/// <summary>One row of an overlay picture: a slice as image, as reference and as prediction.</summary>
/// <param name="Caption">Stands above the row, e.g. "CT ct_05".</param>
/// <param name="Image">The scan.</param>
/// <param name="Reference">Labels on a grid of the same shape; null where there are none.</param>
/// <param name="Prediction">Labels on a grid of the same shape; null where there are none.</param>
public sealed record OverlayRow(string Caption, Volume<float> Image, Volume<byte>? Reference, Volume<byte>? Prediction)
{
    /// <summary>Slice counted from the feet; null takes the one that shows the most classes.</summary>
    public int? Slice { get; init; }

    /// <summary>
    /// More images on the grid of <see cref="Image"/>, shown beside it, each with its caption; by its own window.
    /// </summary>
    public IReadOnlyList<(string Caption, Volume<float> Image)> Others { get; init; } = [];

    /// <summary>Grey window; null chooses by <see cref="GreyWindow.For"/>.</summary>
    public GreyWindow? Window { get; init; }
}
