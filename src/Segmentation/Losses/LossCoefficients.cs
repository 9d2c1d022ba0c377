using UnpairedSegEngine.Backends;

namespace UnpairedSegEngine.Segmentation.Losses;

/// <summary>
/// What <see cref="Backend.SegmentationLossGradient"/> needs to know of a loss: its derivatives for the sums. Terms add theirs.
/// </summary>
/// <param name="problem">Sizes.</param>
public sealed class LossCoefficients(SegmentationLossProblem problem)
{
    private readonly int classes = problem.Classes;

    /// <summary>Content of the coefficients tensor.</summary>
    public double[] Values { get; } = new double[problem.CoefficientsShape.Count];

    /// <summary>Per class, the derivative for its intersection.</summary>
    public Span<double> DiceTrue(int modality) => Of(modality)[..classes];

    /// <summary>Per class, twice the derivative for its squares.</summary>
    public Span<double> DiceSquare(int modality) => Of(modality).Slice(classes, classes);

    /// <summary>Per class, the derivative for its negative logarithms, negated.</summary>
    public Span<double> CrossEntropy(int modality) => Of(modality).Slice(2 * classes, classes);

    /// <summary>The gradient for the logits of every position of a true class.</summary>
    public Span<double> TableRow(int modality, int trueClass) => Of(modality).Slice((3 + trueClass) * classes, classes);

    private Span<double> Of(int modality)
    {
        int width = problem.CoefficientsShape[1];
        return Values.AsSpan(modality * width, width);
    }
}
