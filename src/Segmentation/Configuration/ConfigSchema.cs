using System.Text.Json;
using System.Text.Json.Nodes;

namespace UnpairedSegEngine.Segmentation.Configuration;

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

    public static string Text()
    {
        JsonObject root = NewGroup();
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema";
        root["title"] = "Configuration of a training run of UnpairedSegEngine";
        foreach (ConfigKey key in ConfigKeys.All)
        {
            JsonObject group = root;
            string[] path = key.Name.Split('.');
            foreach (string name in path.AsSpan(..^1))
            {
                var properties = (JsonObject)group["properties"]!;
                group = (JsonObject)(properties[name] ??= NewGroup());
            }

            group["properties"]![path[^1]] = key.Schema(new TrainingConfig());
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
