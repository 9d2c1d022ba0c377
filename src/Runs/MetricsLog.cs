using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Runs;

/// <summary>
/// Records the numbers of a run in metrics.jsonl, metrics.csv and a TensorBoard event file. Opened to resume after a step, it
/// first drops what was recorded behind that step: the files of a resumed run equal those of an uninterrupted one, wall times
/// apart.
/// </summary>
public sealed class MetricsLog : IMetricLog
{
    private readonly IMetricSink[] sinks;
    private readonly TimeProvider clock;

    /// <param name="folder">The run.</param>
    /// <param name="lastStep">Steps done already; 0 for a new run.</param>
    /// <param name="clock">The system's by default.</param>
    public MetricsLog(RunFolder folder, long lastStep = 0, TimeProvider? clock = null)
    {
        this.clock = clock ?? TimeProvider.System;
        sinks =
        [
            new JsonLinesSink(folder.MetricsJsonPath, lastStep),
            new CsvSink(folder.MetricsCsvPath, lastStep),
            new TensorBoardSink(folder.Path, lastStep, this.clock.GetUtcNow()),
        ];
    }

    /// <summary>Appends the values measured at a step. Steps must not fall.</summary>
    public void Write(long step, params IReadOnlyList<KeyValuePair<string, double>> values)
    {
        var record = new MetricRecord(step, clock.GetUtcNow(), values);
        foreach (IMetricSink sink in sinks)
            sink.Write(record);
    }

    /// <summary>The records of a run so far.</summary>
    /// <exception cref="InvalidDataException">A line is damaged; the message names it.</exception>
    public static IReadOnlyList<MetricRecord> Read(RunFolder folder) => Read(folder.MetricsJsonPath);

    /// <inheritdoc cref="Read(RunFolder)"/>
    internal static IReadOnlyList<MetricRecord> Read(string path) =>
        [
            .. StepLines
                .Read(path)
                .Select(
                    (line, index) =>
                        JsonLinesSink.Parse(line) ?? throw new InvalidDataException($"{path}:{index + 1}: no metric record")
                ),
        ];

    public void Dispose()
    {
        foreach (IMetricSink sink in sinks)
            sink.Dispose();
    }
}
