namespace UnpairedSegEngine.Runs;

/// <summary>A place that metrics are written to.</summary>
internal interface IMetricSink : IDisposable
{
    /// <summary>Appends a record and hands it to the operating system, so that a crash of the program loses none.</summary>
    void Write(MetricRecord record);
}
