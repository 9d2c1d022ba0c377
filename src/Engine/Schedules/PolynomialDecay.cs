namespace UnpairedSegEngine.Schedules;

/// <summary>
/// A learning rate that falls to zero: initial * (1 - (step - 1) / steps)^power, step from 1, zero behind the last. Chen et al.
/// 2018, arXiv:1606.00915.
/// </summary>
/// <param name="Initial">Rate of the first step.</param>
/// <param name="Steps">Steps of the whole training.</param>
/// <param name="Power">1 for a straight line.</param>
public sealed record PolynomialDecay(double Initial, long Steps, double Power = 0.9) : ISchedule
{
    /// <inheritdoc/>
    public double At(long step) => step > Steps ? 0 : Initial * Math.Pow(1 - ((step - 1) / (double)Steps), Power);
}
