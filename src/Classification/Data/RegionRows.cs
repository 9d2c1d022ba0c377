using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Classification.Data;

/// <summary>The proposals of an image as rows of a batch, of which all images have as many.</summary>
internal sealed class RegionRows
{
    /// <summary>Of a row: image of the batch, x1, y1, x2, y2.</summary>
    public const int Numbers = RoiPoolingProblem.CornerNumbers;

    private RegionRows(LabelledImage image, ImageShape shape, int rows) =>
        Proposals =
            image.Proposals.Count > 0
                ? [.. image.Proposals.OrderByDescending(proposal => proposal.Score).Take(rows)]
                : new EdgeProposals(shape, image.Pixels).Search(rows);

    /// <summary>
    /// The best by score, the first of equals first: the image's own, or those that its edges suggest where it has none. At least
    /// one, at most as many as there are rows.
    /// </summary>
    public IReadOnlyList<BoxProposal> Proposals { get; }

    /// <summary>Of each image.</summary>
    public static IReadOnlyList<RegionRows> Of(ImageSet images, int rows) =>
        [
            .. Enumerable
                .Range(0, images.Count)
                .AsParallel()
                .AsOrdered()
                .Select(i => new RegionRows(images[i], images.Shape, rows)),
        ];

    /// <summary>
    /// Writes a row for each proposal; the rows left over are zeros, by which a method knows that they say nothing.
    /// </summary>
    /// <param name="move">From a box to the one that is written.</param>
    /// <param name="corners">(rows, 5), whose first number, the image's, is left to whoever knows its place in the batch.</param>
    /// <param name="scores">(rows).</param>
    /// <param name="mask">(rows), 1 for a proposal.</param>
    public void Fill(Func<ImageBox, ImageBox> move, Span<float> corners, Span<float> scores, Span<float> mask)
    {
        corners.Clear();
        scores.Clear();
        mask.Clear();
        foreach ((int row, BoxProposal proposal) in Proposals.Index())
        {
            ImageBox box = move(proposal.Box);
            ((ReadOnlySpan<float>)[0, box.X1, box.Y1, box.X2, box.Y2]).CopyTo(corners[(row * Numbers)..]);
            (scores[row], mask[row]) = (proposal.Score, 1);
        }
    }
}
