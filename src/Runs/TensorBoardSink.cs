using System.Buffers.Binary;
using System.Globalization;
using Google.Protobuf;
using UnpairedSegEngine.Runs.TensorBoard;
using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Runs;

/// <summary>A TensorBoard event file, "events.out.tfevents.(unix time).(host)": TFRecords of tensorflow.Event messages.</summary>
internal sealed class TensorBoardSink : IMetricSink
{
    private const string NamePrefix = "events.out.tfevents.";
    private const string FileVersion = "brain.Event:2";
    private const int LengthBytes = sizeof(ulong);
    private const int ChecksumBytes = sizeof(uint);
    private const int FramingBytes = LengthBytes + (2 * ChecksumBytes);

    private readonly FileStream file;

    /// <summary>Opens the folder's event file, or makes one, and drops the events behind a step.</summary>
    public TensorBoardSink(string folder, long lastStep, DateTimeOffset now)
    {
        string path =
            Directory.EnumerateFiles(folder, $"{NamePrefix}*").Order(StringComparer.Ordinal).LastOrDefault()
            ?? Path.Combine(
                folder,
                string.Create(CultureInfo.InvariantCulture, $"{NamePrefix}{now.ToUnixTimeSeconds()}.{Environment.MachineName}")
            );
        long kept = File.Exists(path) ? LengthUpTo(path, lastStep) : 0;
        file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        file.SetLength(kept);
        file.Position = kept;
        if (kept == 0)
            Append(new Event { WallTime = SecondsOf(now), FileVersion = FileVersion });
    }

    public void Write(MetricRecord record)
    {
        var summary = new Summary();
        foreach ((string name, double value) in record.Values)
            summary.Value.Add(new Summary.Types.Value { Tag = name, SimpleValue = (float)value });
        Append(
            new Event
            {
                WallTime = SecondsOf(record.Time),
                Step = record.Step,
                Summary = summary,
            }
        );
    }

    public void Dispose() => file.Dispose();

    private void Append(Event message)
    {
        byte[] record = new byte[message.CalculateSize() + FramingBytes];
        Span<byte> length = record.AsSpan(0, LengthBytes);
        Span<byte> payload = record.AsSpan(LengthBytes + ChecksumBytes, record.Length - FramingBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(LengthBytes), MaskedCrc32C.Of(length));
        message.WriteTo(payload);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(record.Length - ChecksumBytes), MaskedCrc32C.Of(payload));
        file.Write(record);
        file.Flush();
    }

    /// <summary>Bytes of the intact records up to a step.</summary>
    private static long LengthUpTo(string path, long lastStep)
    {
        long offset = 0;
        try
        {
            for (long length = new FileInfo(path).Length; offset < length; )
            {
                byte[] payload = TfRecordFile.ReadPayload(path, offset);
                if (Event.Parser.ParseFrom(payload).Step > lastStep)
                    break;
                offset += payload.Length + FramingBytes;
            }
        }
        catch (Exception e) when (e is InvalidDataException or InvalidProtocolBufferException)
        {
            // A crash left the last record unfinished: what lies before it counts.
        }

        return offset;
    }

    private static double SecondsOf(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;
}
