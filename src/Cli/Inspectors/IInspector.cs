using System.Text.Json;

namespace UnpairedSegEngine.Cli.Inspectors;

/// <summary>Describes one kind of file or folder.</summary>
internal interface IInspector
{
    /// <summary>Keys are snake_case.</summary>
    static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    string ToJson();

    string ToText();

    /// <summary>Files that cannot be read, one line each.</summary>
    IReadOnlyList<string> Problems => [];
}
