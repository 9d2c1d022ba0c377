using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;

namespace UnpairedSegEngine.Storage;

/// <summary>
/// Reads JSON files that anybody may have written: whatever is wrong with one ends in a line that names it. A byte order mark is
/// passed over. Text that is no valid Unicode is refused here, so that no string of a document can throw later; so are names that
/// an object has twice, and more values than memory is set aside for. Files that are written are whole.
/// </summary>
public static class JsonFile
{
    /// <summary>Longer files are no settings or descriptions.</summary>
    public const long MostBytes = 64 << 20;

    /// <summary>Values, names and brackets that are believed: what is made of each may take dozens of bytes.</summary>
    public const int MostTokens = 1 << 20;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>A file's content as an object.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">How the object is written.</param>
    /// <param name="most">Bytes that are believed.</param>
    /// <exception cref="InvalidDataException">The file is missing, too long, no JSON, or holds no such object.</exception>
    public static T Read<T>(string path, JsonSerializerOptions format, long most = MostBytes)
        where T : class => Convert(path, most, bytes => JsonSerializer.Deserialize<T>(bytes.Span, format));

    /// <inheritdoc cref="Read{T}(string, JsonSerializerOptions, long)"/>
    public static T Read<T>(string path, JsonTypeInfo<T> format, long most = MostBytes)
        where T : class => Convert(path, most, bytes => JsonSerializer.Deserialize(bytes.Span, format));

    /// <summary>Writes or replaces a file with an object, whole or not at all.</summary>
    /// <exception cref="NotSupportedException">An object has no form in JSON; what was there before stands.</exception>
    /// <exception cref="IOException">The file is not written; what was there before stands.</exception>
    public static void Write<T>(string path, T value, JsonSerializerOptions? format = null) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, value, format));

    /// <inheritdoc cref="Write{T}(string, T, JsonSerializerOptions?)"/>
    public static void Write<T>(string path, T value, JsonTypeInfo<T> format) =>
        AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, value, format));

    /// <summary>A file's content as a document.</summary>
    /// <param name="path">The file.</param>
    /// <param name="distinct">Refuses names that an object has twice; a reader may do so itself, in words of its own.</param>
    /// <exception cref="InvalidDataException">The file is missing, too long, or holds no valid JSON.</exception>
    public static JsonDocument Parse(string path, bool distinct = true) =>
        Convert(
            path,
            MostBytes,
            bytes => JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = !distinct })
        );

    /// <summary>Checks that bytes are JSON of not too many values all of whose names and strings are valid Unicode.</summary>
    /// <exception cref="JsonException">They are not.</exception>
    public static void Validate(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        for (int tokens = 0; reader.Read(); tokens++)
        {
            if (tokens == MostTokens)
                throw new JsonException($"holds more than {MostTokens} values");
            if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String && !IsUnicode(ref reader))
                throw new JsonException($"invalid Unicode text at byte {reader.TokenStartIndex}");
        }
    }

    /// <remarks>Text without escapes is looked at where it lies; only escapes can be halves of characters.</remarks>
    private static bool IsUnicode(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return Utf8.IsValid(reader.ValueSpan);
        try
        {
            return reader.GetString() is not null;
        }
        catch (Exception exception) when (exception is InvalidOperationException or DecoderFallbackException)
        {
            return false;
        }
    }

    private static T Convert<T>(string path, long most, Func<ReadOnlyMemory<byte>, T?> convert)
        where T : class
    {
        ReadOnlyMemory<byte> bytes = InputFile.ReadAll(path, most);
        if (bytes.Span.StartsWith(ByteOrderMark))
            bytes = bytes[ByteOrderMark.Length..];
        try
        {
            Validate(bytes.Span);
            return convert(bytes) ?? throw new JsonException("is null, expected an object");
        }
        catch (Exception exception)
            when (exception is JsonException or ArgumentException or NotSupportedException or FormatException or OverflowException
            )
        {
            throw new InvalidDataException($"'{path}': no valid JSON of its kind: {OneLine.Of(exception.Message)}", exception);
        }
    }
}
