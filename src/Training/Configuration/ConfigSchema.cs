using System.Text.Json;
using System.Text.Json.Nodes;

namespace UnpairedSegEngine.Training.Configuration;

/// <summary>
/// The JSON schema (2020-12) of configuration files, from the same attributes that check values: editors complete and check keys
/// by it.
/// </summary>
public static class ConfigSchema
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <param name="keys">All that files may have.</param>
    /// <param name="defaults">Has their defaults.</param>
    public static string Text(ConfigKeys keys, object defaults)
    {
        JsonObject root = NewGroup();
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema";
        root["title"] = "Configuration of a training run of UnpairedSegEngine";
        foreach (ConfigKey key in keys.All)
        {
            JsonObject group = root;
            string[] path = key.Name.Split('.');
            foreach (string name in path.AsSpan(..^1))
            {
                var properties = (JsonObject)group["properties"]!;
                group = (JsonObject)(properties[name] ??= NewGroup());
            }

            group["properties"]![path[^1]] = key.Schema(defaults);
        }

        return root.ToJsonString(Format) + "\n";
    }

    private static JsonObject NewGroup() =>
        new()
        {
            ["type"] = "object",
            ["additionalProperties"] = false,
            ["properties"] = new JsonObject(),
        };
}
