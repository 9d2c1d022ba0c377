using System.Text.Json;
using System.Text.Json.Nodes;

namespace UnpairedSegEngine.Fuzz;

/// <summary>
/// Edits of a JSON document that leave it valid JSON, so that what reads it gets to see odd values and not only odd text.
/// </summary>
internal static class JsonMutator
{
    private const int MostEdits = 3;

    private static readonly string[] Values =
    [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1",
        "2",
        "3",
        "255",
        "256",
        "65536",
        "2000000000",
        "9223372036854775807",
        "9223372036854775808",
        "1.5",
        "-0.0",
        "1e-300",
        "1e300",
        "1e400",
        "\"\"",
        "\" \"",
        "\"NaN\"",
        "\"Infinity\"",
        "\"5\"",
        "\"a\\nb\"",
        "\"\\u0000\"",
        "\"\\u001b[2J\"",
        "\"../../../x\"",
        "\"/dev/zero\"",
        "\"a/b\"",
        "\"manifest.json\"",
        "\"ct_*\"",
        "\"*\"",
        "\"zscore\"",
        "\"window(1,0)\"",
        "\"0,0,0\"",
        "\"3,3,5\"",
        "\"RAS\"",
        "[]",
        "[null]",
        "[[]]",
        "{}",
        "{\"a\":1}",
        "\"\uD83D\uDE00\"",
    ];

    private static readonly string[] Names =
    [
        "",
        "a",
        "a\nb",
        "size",
        "Size",
        "SIZE",
        "name",
        "../x",
        "__metadata__",
        "0",
        "background",
        "\u2028",
        "train",
        "cases",
        "constructor",
    ];

    /// <summary>Another document, or null where the input is none.</summary>
    public static byte[]? Mutate(byte[] input, Mutator mutator)
    {
        try
        {
            JsonNode? root = JsonNode.Parse(input);
            for (int edits = 1 + mutator.Below(MostEdits); edits > 0 && root is JsonObject or JsonArray; edits--)
                Edit(mutator.Of(Groups(root!)), mutator);
            return JsonSerializer.SerializeToUtf8Bytes(root);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The objects and lists of a document that are not empty, and the outermost in any case.</summary>
    private static List<JsonNode> Groups(JsonNode root)
    {
        List<JsonNode> groups = [root];
        for (int i = 0; i < groups.Count; i++)
            groups.AddRange(
                (groups[i] is JsonObject group ? group.Select(entry => entry.Value) : groups[i].AsArray()).Where(node =>
                    node is JsonObject { Count: > 0 } or JsonArray { Count: > 0 }
                )!
            );
        return groups;
    }

    private static void Edit(JsonNode group, Mutator mutator)
    {
        if (group is JsonArray list)
            Edit(list, mutator);
        else
            Edit(group.AsObject(), mutator);
    }

    private static void Edit(JsonArray list, Mutator mutator)
    {
        int at = list.Count == 0 ? 0 : mutator.Below(list.Count);
        switch (mutator.Below(5))
        {
            case 0 when list.Count > 0:
                list.RemoveAt(at);
                break;
            case 1 when list.Count > 0:
                for (int copies = 1 << mutator.Below(8); copies > 0; copies--)
                    list.Insert(at, list[at]?.DeepClone());
                break;
            case 2 when list.Count > 0:
                list[at] = Foreign(mutator);
                break;
            default:
                list.Insert(at, Foreign(mutator));
                break;
        }
    }

    private static void Edit(JsonObject entries, Mutator mutator)
    {
        string key = entries.Count == 0 ? "a" : mutator.Of(entries.Select(entry => entry.Key).ToArray());
        string other =
            mutator.Happens(0.5) && entries.Count > 0
                ? mutator.Of(entries.Select(entry => entry.Key).ToArray())
                : mutator.Of(Names);
        switch (mutator.Below(6))
        {
            case 0:
                entries.Remove(key);
                break;
            case 1:
                JsonNode? moved = entries[key]?.DeepClone();
                entries.Remove(key);
                entries[other] = moved;
                break;
            case 2:
                entries[other] = entries[key]?.DeepClone();
                break;
            default:
                entries[key] = Foreign(mutator);
                break;
        }
    }

    private static JsonNode? Foreign(Mutator mutator) => JsonNode.Parse(mutator.Of(Values));
}
