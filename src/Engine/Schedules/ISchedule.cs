namespace UnpairedSegEngine.Schedules;

/// <summary>A learning rate by the number of the update.</summary>
public interface ISchedule
{
    /// <summary>The rate of an update.</summary>
    /// <param name="step">Number of the update, from 1.</param>
    double At(long step);
}
