namespace UnpairedSegEngine.Segmentation.Losses;

/// <summary>
/// Soft Dice and class-weighted cross-entropy of each modality over its own samples, from the sums of a pass over the logits. All
/// in float64. Formulas: Dou et al. 2020, arXiv:2001.03111.
/// </summary>
public sealed class DiceCrossEntropy
{
    private const double DiceEpsilon = 1e-7;

    /// <param name="sums">By modality.</param>
    /// <param name="diceWeight">Weight of Dice in the total.</param>
    /// <param name="crossEntropyWeight">Weight of the cross-entropy.</param>
    /// <param name="coefficients">Receives the derivatives of the total.</param>
    public DiceCrossEntropy(
        IReadOnlyList<SegmentationSums> sums,
        double diceWeight,
        double crossEntropyWeight,
        LossCoefficients coefficients
    )
    {
        (Dice, CrossEntropy) = (new double[sums.Count], new double[sums.Count]);
        for (int m = 0; m < sums.Count; m++)
        {
            if (sums[m].Positions == 0)
                continue;
            Dice[m] = AddDice(sums[m], diceWeight, coefficients.DiceTrue(m), coefficients.DiceSquare(m));
            CrossEntropy[m] = AddCrossEntropy(sums[m], crossEntropyWeight, coefficients.CrossEntropy(m));
        }

        Total = (diceWeight * Dice.Sum()) + (crossEntropyWeight * CrossEntropy.Sum());
    }

    /// <summary>The weighted sum of both.</summary>
    public double Total { get; }

    /// <summary>Soft Dice loss per modality, in [-1, 0]: -(1/C) sum_c 2 I_c / (P_c + N_c + 1e-7).</summary>
    public double[] Dice { get; }

    /// <summary>Class-weighted cross-entropy per modality: (1/M) sum_c w_c E_c with w_c = 1 - N_c / N.</summary>
    public double[] CrossEntropy { get; }

    private static double AddDice(SegmentationSums s, double weight, Span<double> diceTrue, Span<double> diceSquare)
    {
        double loss = 0;
        int classes = s.Counts.Count;
        for (int c = 0; c < classes; c++)
        {
            double size = s.Squares[c] + s.Counts[c] + DiceEpsilon;
            loss -= 2 * s.Intersections[c] / size / classes;
            diceTrue[c] = weight * -2 / (classes * size);
            diceSquare[c] = weight * 4 * s.Intersections[c] / (classes * size * size);
        }

        return loss;
    }

    private static double AddCrossEntropy(SegmentationSums s, double weight, Span<double> coefficients)
    {
        double labelled = s.Counts.Sum();
        if (labelled == 0)
            return 0;
        double loss = 0;
        for (int c = 0; c < s.Counts.Count; c++)
        {
            double share = (1 - (s.Counts[c] / labelled)) / s.Positions;
            loss += share * s.NegativeLogs[c];
            coefficients[c] = weight * -share;
        }

        return loss;
    }
}
