namespace UnpairedSegEngine.Training.Progress;

/// <summary>Receives the numbers of a run.</summary>
public interface IMetricLog : IDisposable
{
    /// <summary>Appends the values measured at a step. Steps must not fall.</summary>
    void Write(long step, params IReadOnlyList<KeyValuePair<string, double>> values);
}
