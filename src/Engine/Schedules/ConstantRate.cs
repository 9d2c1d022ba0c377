namespace UnpairedSegEngine.Schedules;

/// <summary>One learning rate throughout.</summary>
public sealed record ConstantRate(double Rate) : ISchedule
{
    /// <inheritdoc/>
    public double At(long step) => Rate;
}
