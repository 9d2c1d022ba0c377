using System.Buffers;
using System.Text.Json;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Checkpoints;

/// <summary>
/// The JSON header of a safetensors file: name to dtype, shape and data_offsets, and free text under "__metadata__".
/// Format: github.com/huggingface/safetensors.
/// </summary>
/// <param name="Entries">The arrays in the order of their data.</param>
/// <param name="Metadata">Free text.</param>
public sealed record SafetensorsHeader(IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata)
{
    private const string MetadataKey = "__metadata__";

    private static readonly (DType Type, string Name)[] TypeNames =
    [
        (DType.Float32, "F32"),
        (DType.Float64, "F64"),
        (DType.BFloat16, "BF16"),
        (DType.UInt8, "U8"),
        (DType.Int32, "I32"),
    ];

    /// <summary>Bytes of data that the entries describe.</summary>
    public long DataLength => Entries.Count == 0 ? 0 : Entries[^1].End;

    /// <summary>The header's JSON text, UTF-8.</summary>
    internal byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (Metadata.Count > 0)
                WriteMetadata(json);
            foreach (SafetensorsEntry entry in Entries)
                WriteEntry(json, entry);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <exception cref="InvalidDataException">The text is no valid header.</exception>
    internal static SafetensorsHeader Parse(ReadOnlyMemory<byte> text)
    {
        if (text.IsEmpty || text.Span[0] != '{')
            throw new InvalidDataException("the header does not begin with '{'; is this a safetensors file?");
        try
        {
            JsonFile.Validate(text.Span);
            using JsonDocument document = JsonDocument.Parse(
                text,
                new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 }
            );
            return Parse(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"the header is no valid JSON: {OneLine.Of(e.Message)}", e);
        }
    }

    private static SafetensorsHeader Parse(JsonElement root)
    {
        var metadata = new Dictionary<string, string>();
        var entries = new List<SafetensorsEntry>();
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name == MetadataKey)
                ParseMetadata(property.Value, metadata);
            else
                entries.Add(ParseEntry(property.Name, property.Value));
        }

        entries.Sort((a, b) => a.Begin.CompareTo(b.Begin));
        long position = 0;
        foreach (SafetensorsEntry entry in entries)
        {
            if (entry.Begin != position)
                throw Bad(
                    entry.Name,
                    "data_offsets",
                    $"begins at byte {entry.Begin}, expected {position}: the arrays must lie end to end"
                );
            position = entry.End;
        }

        return new SafetensorsHeader(entries, metadata);
    }

    private static void ParseMetadata(JsonElement value, Dictionary<string, string> metadata)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{MetadataKey} is {value.ValueKind}, expected an object of strings");
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
                throw new InvalidDataException(
                    OneLine.Of($"{MetadataKey}.{property.Name} is {property.Value.ValueKind}, expected a string")
                );
            metadata.Add(property.Name, property.Value.GetString()!);
        }
    }

    private static SafetensorsEntry ParseEntry(string name, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException(
                OneLine.Of($"array '{name}' is {value.ValueKind}, expected an object with dtype, shape and data_offsets")
            );
        foreach (JsonProperty field in value.EnumerateObject())
        {
            if (field.Name is not ("dtype" or "shape" or "data_offsets"))
                throw Bad(name, field.Name, "is unknown, expected only dtype, shape and data_offsets");
        }

        DType type = ParseType(name, value);
        long[] extents = ParseNumbers(name, value, "shape");
        long[] offsets = ParseNumbers(name, value, "data_offsets");
        if (offsets.Length != 2 || offsets[0] > offsets[1])
            throw Bad(name, "data_offsets", $"is [{string.Join(", ", offsets)}], expected [begin, end] with begin <= end");

        long length = offsets[1] - offsets[0];
        if (length > Array.MaxLength)
            throw Bad(name, "data_offsets", $"spans {length} bytes, this reader takes up to {Array.MaxLength} per array");
        return new SafetensorsEntry(name, type, ParseShape(name, extents, type, length), offsets[0], offsets[1]);
    }

    private static DType ParseType(string name, JsonElement entry)
    {
        if (!entry.TryGetProperty("dtype", out JsonElement value) || value.ValueKind != JsonValueKind.String)
            throw Bad(name, "dtype", "is missing or no string");
        foreach ((DType type, string typeName) in TypeNames)
        {
            if (value.ValueEquals(typeName))
                return type;
        }

        throw Bad(name, "dtype", $"is '{value.GetString()}', expected {string.Join(", ", TypeNames.Select(t => t.Name))}");
    }

    private static long[] ParseNumbers(string name, JsonElement entry, string field)
    {
        if (!entry.TryGetProperty(field, out JsonElement value) || value.ValueKind != JsonValueKind.Array)
            throw Bad(name, field, "is missing or no array");
        var numbers = new List<long>();
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt64(out long number) || number < 0)
                throw Bad(name, field, $"holds {item.GetRawText()}, expected whole numbers from 0");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    private static Shape ParseShape(string name, long[] extents, DType type, long length)
    {
        Int128 bytes = type.Size();
        foreach (long extent in extents)
        {
            if (extent is < 1 or > int.MaxValue)
                throw Bad(name, "shape", $"has extent {extent}, expected 1 to {int.MaxValue}");
            bytes *= extent;
            if (bytes > length)
                break;
        }

        if (bytes != length)
            throw Bad(
                name,
                "shape",
                $"[{string.Join(", ", extents)}] does not fill its {length} bytes with elements of {type.Size()} bytes"
            );
        return new Shape(Array.ConvertAll(extents, extent => (int)extent));
    }

    private static InvalidDataException Bad(string name, string field, string problem) =>
        new(OneLine.Of($"array '{name}': {field} {problem}"));

    private void WriteMetadata(Utf8JsonWriter json)
    {
        json.WriteStartObject(MetadataKey);
        foreach ((string key, string value) in Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter json, SafetensorsEntry entry)
    {
        json.WriteStartObject(entry.Name);
        json.WriteString("dtype", TypeNames.Single(t => t.Type == entry.DType).Name);
        json.WriteStartArray("shape");
        foreach (int extent in entry.Shape.AsSpan())
            json.WriteNumberValue(extent);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(entry.Begin);
        json.WriteNumberValue(entry.End);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
