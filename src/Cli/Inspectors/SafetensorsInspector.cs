using System.Globalization;
using System.Text;
using System.Text.Json;
using UnpairedSegEngine.Checkpoints;

namespace UnpairedSegEngine.Cli.Inspectors;

internal sealed class SafetensorsInspector(string path) : IInspector
{
    private readonly SafetensorsHeader header = SafetensorsFile.ReadHeader(path);

    public string ToJson() =>
        JsonSerializer.Serialize(
            new
            {
                File = path,
                header.Metadata,
                Arrays = header.Entries.Select(e => new
                {
                    e.Name,
                    Dtype = e.DType.ToString(),
                    Shape = e.Shape.AsSpan().ToArray(),
                }),
            },
            IInspector.Format
        );

    public string ToText()
    {
        var text = new StringBuilder();
        foreach (SafetensorsEntry entry in header.Entries)
            text.AppendLine(CultureInfo.InvariantCulture, $"{entry.Name, -40} {entry.DType, -8} {entry.Shape}");
        text.Append(
            CultureInfo.InvariantCulture,
            $"{header.Entries.Count} arrays, {header.Entries.Sum(e => e.Shape.Count):N0} elements, {header.DataLength:N0} bytes"
        );
        return text.ToString();
    }
}
