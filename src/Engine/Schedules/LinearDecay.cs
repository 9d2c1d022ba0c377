namespace UnpairedSegEngine.Schedules;

/// <summary>
/// A learning rate that stays for some steps and then falls along a straight line to another, where it stays. As of CycleGAN
/// (Zhu et al. 2017, arXiv:1703.10593).
/// </summary>
/// <param name="Initial">Rate up to <paramref name="Start"/>.</param>
/// <param name="Start">The last step at the initial rate.</param>
/// <param name="End">The first step at the final rate.</param>
/// <param name="Final">Rate from <paramref name="End"/> on.</param>
public sealed record LinearDecay(double Initial, long Start, long End, double Final = 0) : ISchedule
{
    /// <inheritdoc/>
    public double At(long step) =>
        step <= Start ? Initial
        : step >= End ? Final
        : Initial + ((Final - Initial) * (step - Start) / (End - Start));
}
