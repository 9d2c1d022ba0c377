using System.Buffers;
using System.Text;
using System.Text.Json;

namespace UnpairedSegEngine.Runs;

/// <summary>
/// metrics.jsonl: one JSON object per record, with "step", "wall_time" (seconds since 1970) and the values; null where one is not
/// finite.
/// </summary>
internal sealed class JsonLinesSink(string path, long lastStep) : IMetricSink
{
    private const string StepName = "step";
    private const string TimeName = "wall_time";
    private const int LongestLine = 1 << 20;

    private readonly StreamWriter writer = StepLines.Append(path, lastStep, line => Parse(line)?.Step);

    public void Write(MetricRecord record)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber(StepName, record.Step);
            json.WriteNumber(TimeName, record.Time.ToUnixTimeMilliseconds() / 1000.0);
            foreach ((string name, double value) in record.Values)
            {
                json.WritePropertyName(name);
                if (double.IsFinite(value))
                    json.WriteNumberValue(value);
                else
                    json.WriteNullValue();
            }

            json.WriteEndObject();
        }

        writer.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    public void Dispose() => writer.Dispose();

    /// <summary>The record of a line; null where the line is damaged.</summary>
    internal static MetricRecord? Parse(string line)
    {
        if (line.Length > LongestLine)
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            var values = new List<KeyValuePair<string, double>>();
            (long step, double time) = (-1, 0);
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.NameEquals(StepName))
                    step = property.Value.GetInt64();
                else if (property.NameEquals(TimeName))
                    time = property.Value.GetDouble();
                else
                    values.Add(
                        new(
                            property.Name,
                            property.Value.ValueKind == JsonValueKind.Null ? double.NaN : property.Value.GetDouble()
                        )
                    );
            }

            return step < 0 ? null : new MetricRecord(step, DateTimeOffset.UnixEpoch.AddSeconds(time), values);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or ArgumentException)
        {
            return null;
        }
    }
}
