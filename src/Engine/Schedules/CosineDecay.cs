namespace UnpairedSegEngine.Schedules;

/// <summary>
/// A learning rate that falls to zero along half a wave: initial * (1 + cos(pi (step - 1) / steps)) / 2, step from 1, zero behind
/// the last. Loshchilov and Hutter 2017, arXiv:1608.03983, without restarts.
/// </summary>
/// <param name="Initial">Rate of the first step.</param>
/// <param name="Steps">Steps of the whole training.</param>
public sealed record CosineDecay(double Initial, long Steps) : ISchedule
{
    /// <inheritdoc/>
    public double At(long step) => step > Steps ? 0 : Initial * (1 + Math.Cos(Math.PI * (step - 1) / Steps)) / 2;
}
