namespace UnpairedSegEngine.Schedules;

/// <summary>
/// A learning rate that is multiplied by a factor after each milestone: initial * factor^(number of milestones below the step),
/// step from 1. PyTorch's MultiStepLR.
/// </summary>
/// <param name="Initial">Rate of the first step.</param>
/// <param name="Factor">By which it falls.</param>
/// <param name="Milestones">Steps after which it falls.</param>
public sealed record MultiStepDecay(double Initial, double Factor, params IReadOnlyList<long> Milestones) : ISchedule
{
    /// <inheritdoc/>
    public double At(long step) => Initial * Math.Pow(Factor, Milestones.Count(milestone => milestone < step));
}
