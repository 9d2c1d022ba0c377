namespace UnpairedSegEngine.Classification.Evaluation;

/// <summary>
/// The area under the curve of precision by recall, where the precision at a recall is the greatest at that recall or a higher
/// one (PASCAL VOC from 2010 on; Everingham et al. 2015). Images are ranked by score, equals by their place in the set.
/// </summary>
public static class AveragePrecision
{
    /// <param name="scores">Of each image.</param>
    /// <param name="isPositive">Of each image: whether it has the label.</param>
    /// <returns>0 to 1; null where no image has the label.</returns>
    /// <exception cref="ArgumentException">Not as many scores as labels.</exception>
    public static double? Of(IReadOnlyList<float> scores, IReadOnlyList<bool> isPositive)
    {
        if (scores.Count != isPositive.Count)
            throw new ArgumentException($"{scores.Count} scores for {isPositive.Count} labels");
        int[] ranked = [.. Enumerable.Range(0, scores.Count).OrderByDescending(i => scores[i])];
        // Recall rises by 1 / positives at each positive; its precision there is hits / rank.
        var precisions = new List<double>();
        foreach ((int rank, int image) in ranked.Index())
        {
            if (isPositive[image])
                precisions.Add((precisions.Count + 1.0) / (rank + 1));
        }

        double sum = 0,
            greatest = 0;
        foreach (double precision in Enumerable.Reverse(precisions))
            sum += greatest = Math.Max(greatest, precision);
        return precisions.Count == 0 ? null : sum / precisions.Count;
    }
}
