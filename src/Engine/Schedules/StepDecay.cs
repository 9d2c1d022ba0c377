namespace UnpairedSegEngine.Schedules;

/// <summary>
/// A learning rate that is multiplied by a factor after every so many steps: initial * factor^floor((step - 1) / every), step
/// from 1.
/// </summary>
public sealed record StepDecay(double Initial, double Factor, int Every) : ISchedule
{
    /// <inheritdoc/>
    public double At(long step) => Initial * Math.Pow(Factor, (step - 1) / Every);
}
