namespace UnpairedSegEngine.Experiments;

/// <summary>Student's t for whole degrees of freedom.</summary>
internal static class StudentT
{
    private const int Halvings = 60;

    /// <summary>The value that t stays below with a probability above one half.</summary>
    public static double Quantile(double probability, int degrees)
    {
        // Both series are in theta = atan(t / sqrt(degrees)), which has bounds.
        (double low, double high) = (0, Math.PI / 2);
        for (int i = 0; i < Halvings; i++)
        {
            double theta = (low + high) / 2;
            (low, high) = (1 + Within(theta, degrees)) / 2 < probability ? (theta, high) : (low, theta);
        }

        return Math.Sqrt(degrees) * Math.Tan((low + high) / 2);
    }

    /// <summary>P(|t| at most sqrt(degrees) tan(theta)); Abramowitz and Stegun 26.7.3 and 26.7.4.</summary>
    private static double Within(double theta, int degrees)
    {
        (double sine, double cosine) = Math.SinCos(theta);
        bool isOdd = degrees % 2 == 1;
        double term = isOdd ? cosine : 1,
            sum = 0;
        for (int k = isOdd ? 1 : 0; k <= degrees - 2; k += 2)
        {
            sum += term;
            term *= cosine * cosine * (k + 1) / (k + 2);
        }

        return isOdd ? 2 / Math.PI * (theta + (sine * sum)) : sine * sum;
    }
}
