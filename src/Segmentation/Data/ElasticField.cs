using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>
/// A smooth random displacement: a uniform cubic B-spline over a coarse grid of normally distributed control points
/// (Rueckert et al., IEEE TMI 18(8), 1999). One ring of control points lies outside the image.
/// </summary>
internal sealed class ElasticField
{
    private const int SplineOrder = AugmentationProblem.SplineOrder;

    private readonly SampleShape shape;
    private readonly int points;
    private readonly float[] downwards,
        rightwards;

    public ElasticField(AugmentationSettings settings, SampleShape shape, ref PhiloxStream stream)
    {
        this.shape = shape;
        points = PointsOf(settings);
        downwards = new float[points * points];
        rightwards = new float[points * points];
        for (int i = 0; i < downwards.Length; i++)
        {
            downwards[i] = settings.ElasticPixels * stream.NextNormal();
            rightwards[i] = settings.ElasticPixels * stream.NextNormal();
        }
    }

    /// <summary>Control points along each side: spans between them, with the spline's support beyond the last.</summary>
    public static int PointsOf(AugmentationSettings settings) => Math.Max(2, settings.ElasticPoints) + SplineOrder - 1;

    /// <summary>All displacements downwards, then all to the right.</summary>
    public void Write(Span<double> numbers)
    {
        for (int i = 0; i < downwards.Length; i++)
            (numbers[i], numbers[downwards.Length + i]) = (downwards[i], rightwards[i]);
    }

    /// <summary>The displacement of a pixel, in pixels.</summary>
    public (float Down, float Right) DisplacementAt(int row, int column)
    {
        Span<float> rowWeights = stackalloc float[SplineOrder + 1],
            columnWeights = stackalloc float[SplineOrder + 1];
        int firstRow = Weigh(row, shape.Height, rowWeights),
            firstColumn = Weigh(column, shape.Width, columnWeights);
        float down = 0,
            right = 0;
        for (int i = 0; i < rowWeights.Length; i++)
        {
            for (int j = 0; j < columnWeights.Length; j++)
            {
                int point = ((firstRow + i) * points) + firstColumn + j;
                float weight = rowWeights[i] * columnWeights[j];
                down += weight * downwards[point];
                right += weight * rightwards[point];
            }
        }
        return (down, right);
    }

    private int Weigh(int position, int length, Span<float> weights)
    {
        float along = position * (points - SplineOrder) / (float)length;
        int first = (int)along;
        float t = along - first,
            rest = 1 - t;
        weights[0] = rest * rest * rest / 6;
        weights[1] = ((3 * t * t * t) - (6 * t * t) + 4) / 6;
        weights[2] = ((3 * rest * rest * rest) - (6 * rest * rest) + 4) / 6;
        weights[3] = t * t * t / 6;
        return first;
    }
}
