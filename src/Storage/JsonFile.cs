using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace UnpairedSegEngine.Storage;

/// <summary>
/// Reads JSON files that anybody may have written: whatever is wrong with one ends in a line that names it. A byte order mark is passed over; text that is no valid
/// Unicode is refused here, so that no string of a document can throw later.
/// </summary>
public static class JsonFile
{
    /// <summary>Longer files are no settings or descriptions.</summary>
    public const long MostBytes = 64 << 20;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>A file's content as an object.</summary>
    /// <exception cref="InvalidDataException">The file is missing, too long, no JSON, or holds no such object.</exception>
    public static T Read<T>(string path, JsonSerializerOptions format)
        where T : class
        => Convert(path, bytes => JsonSerializer.Deserialize<T>(bytes.Span, format));

    /// <inheritdoc cref="Read{T}(string, JsonSerializerOptions)"/>
    public static T Read<T>(string path, JsonTypeInfo<T> format)
        where T : class
        => Convert(path, bytes => JsonSerializer.Deserialize(bytes.Span, format));

    /// <summary>A file's content as a document.</summary>
    /// <exception cref="InvalidDataException">The file is missing, too long, or holds no valid JSON.</exception>
    public static JsonDocument Parse(string path) => Convert(path, bytes => JsonDocument.Parse(bytes));

    /// <summary>Checks that bytes are JSON all of whose names and strings are valid Unicode.</summary>
    /// <exception cref="JsonException">They are not.</exception>
    public static void Validate(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String)
                    reader.GetString();
            }
        }
        catch (Exception exception) when (exception is InvalidOperationException or DecoderFallbackException)
        {
            throw new JsonException($"invalid Unicode text at byte {reader.TokenStartIndex}", exception);
        }
    }

    private static T Convert<T>(string path, Func<ReadOnlyMemory<byte>, T?> convert)
        where T : class
    {
        ReadOnlyMemory<byte> bytes = InputFile.ReadAll(path, MostBytes);
        if (bytes.Span.StartsWith(ByteOrderMark))
            bytes = bytes[ByteOrderMark.Length..];
        try
        {
            Validate(bytes.Span);
            return convert(bytes) ?? throw new JsonException("is null, expected an object");
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or NotSupportedException or FormatException or OverflowException)
        {
            throw new InvalidDataException($"'{path}': no valid JSON of its kind: {OneLine.Of(exception.Message)}", exception);
        }
    }
}
