using System.Text.Json;

namespace UnpairedSegEngine.Segmentation.Data;

/// <summary>Opens a JSON file, naming it when it is none.</summary>
internal static class JsonFile
{
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
