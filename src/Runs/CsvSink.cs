using System.Globalization;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Runs;

/// <summary>metrics.csv: a row "step,name,value" per value, because not every record has every name.</summary>
internal sealed class CsvSink : IMetricSink
{
    private const string Header = "step,name,value";

    private readonly StreamWriter writer;

    public CsvSink(string path, long lastStep)
    {
        writer = StepLines.Append(path, lastStep, line => line == Header ? -1 : StepOf(line));
        if (writer.BaseStream.Length == 0)
            writer.WriteLine(Header);
    }

    public void Write(MetricRecord record)
    {
        foreach ((string name, double value) in record.Values)
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{record.Step},{TableText.CsvField(name)},{value:R}"));
    }

    public void Dispose() => writer.Dispose();

    private static long? StepOf(string line) =>
        long.TryParse(line.Split(',')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? step : null;
}
