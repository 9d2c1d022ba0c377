namespace UnpairedSegEngine.Schedules;

/// <summary>One learning rate throughout.</summary>
public sealed record ConstantRate(double Rate) : ISchedule
{
    public double At(long step) => Rate;
}
