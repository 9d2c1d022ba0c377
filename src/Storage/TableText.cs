namespace UnpairedSegEngine.Storage;

/// <summary>Foreign text inside tables.</summary>
public static class TableText
{
    /// <summary>A field of a CSV file, quoted where it must be (RFC 4180).</summary>
    public static string CsvField(string text) =>
        text.AsSpan().ContainsAny(",\"\n\r") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;

    /// <summary>Text that ends no cell and no line of a Markdown table.</summary>
    public static string MarkdownCell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ");
}
