namespace UnpairedSegEngine.Experiments;

/// <summary>A standard normal variable.</summary>
internal static class NormalDistribution
{
    /// <summary>Probability of at most z; Abramowitz and Stegun 26.2.17, error below 7.5e-8.</summary>
    public static double Cumulative(double z)
    {
        double t = 1 / (1 + (0.2316419 * Math.Abs(z)));
        double tail =
            Math.Exp(-z * z / 2)
            / Math.Sqrt(2 * Math.PI)
            * t
            * (0.319381530 + (t * (-0.356563782 + (t * (1.781477937 + (t * (-1.821255978 + (t * 1.330274429))))))));
        return z < 0 ? tail : 1 - tail;
    }
}
