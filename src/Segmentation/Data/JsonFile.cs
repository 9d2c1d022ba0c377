using System.Text.Json;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Opens a JSON file, naming it when it is none.</summary>
internal static class JsonFile
{
    /// <summary>A file's content as an object.</summary>
    /// <exception cref="InvalidDataException">The file is missing, or holds no such object.</exception>
    public static T Read<T>(string path, JsonSerializerOptions format)
        where T : class
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, format) ?? throw new JsonException("is empty");
        }
        catch (Exception exception) when (exception is JsonException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidDataException($"'{path}': {exception.Message}", exception);
        }
    }

    /// <exception cref="InvalidDataException">The file holds no valid JSON.</exception>
    public static JsonDocument Parse(string path)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"'{path}': no valid JSON: {e.Message}", e);
        }
    }
}
