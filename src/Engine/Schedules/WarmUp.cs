namespace UnpairedSegEngine.Schedules;

/// <summary>
/// Another schedule whose first steps are smaller: its rate * step / steps, until that many steps. Goyal et al. 2017,
/// arXiv:1706.02677.
/// </summary>
/// <param name="Then">The schedule, which counts the steps of the warm-up, too.</param>
/// <param name="Steps">Length of the warm-up; 0 for none.</param>
public sealed record WarmUp(ISchedule Then, long Steps) : ISchedule
{
    /// <inheritdoc/>
    public double At(long step) => step >= Steps ? Then.At(step) : Then.At(step) * step / Steps;
}
