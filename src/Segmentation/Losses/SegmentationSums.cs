using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Segmentation.Losses;

/// <summary>What <see cref="Backend.SegmentationLossSums"/> left of one modality. All in float64.</summary>
public sealed record SegmentationSums
{
    private SegmentationSums(SegmentationLossProblem problem, int modality, ReadOnlySpan<double> sums)
    {
        int classes = problem.Classes;
        Positions = (double)problem.Modality.SamplesOf(modality) * problem.Positions;
        Intersections = sums[..classes].ToArray();
        Squares = sums.Slice(classes, classes).ToArray();
        Counts = sums.Slice(2 * classes, classes).ToArray();
        NegativeLogs = sums.Slice(3 * classes, classes).ToArray();
        var logitSums = new double[classes][];
        for (int c = 0; c < classes; c++)
            logitSums[c] = sums.Slice((4 + c) * classes, classes).ToArray();
        LogitSums = logitSums;
    }

    /// <summary>Positions of the modality's samples, labelled or not.</summary>
    public double Positions { get; }

    /// <summary>Per class c, sum of p_c over the positions of c.</summary>
    public IReadOnlyList<double> Intersections { get; }

    /// <summary>Per class c, sum of p_c^2 over all positions.</summary>
    public IReadOnlyList<double> Squares { get; }

    /// <summary>Per class, its positions.</summary>
    public IReadOnlyList<double> Counts { get; }

    /// <summary>Per class c, sum of -log p_c over the positions of c.</summary>
    public IReadOnlyList<double> NegativeLogs { get; }

    /// <summary>Per true class, the sum of the logits over its positions.</summary>
    public IReadOnlyList<IReadOnlyList<double>> LogitSums { get; init; }

    /// <summary>By modality.</summary>
    /// <param name="problem">Sizes.</param>
    /// <param name="sums">Content of the sums tensor, (modalities, 4 C + C C).</param>
    public static IReadOnlyList<SegmentationSums> Of(SegmentationLossProblem problem, double[] sums) =>
        [
            .. Enumerable
                .Range(0, problem.Modality.Modalities)
                .Select(m => new SegmentationSums(problem, m, sums.AsSpan(m * problem.SumsShape[1], problem.SumsShape[1]))),
        ];
}
