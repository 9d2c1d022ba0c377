using System.Globalization;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Experiments;

/// <summary>A report as Markdown; its pictures are files beside it.</summary>
internal static class MarkdownReport
{
    public static void Write(TextWriter writer, string title, IReadOnlyList<ReportSection> sections, string pictureFolder)
    {
        writer.WriteLine($"# {title}\n");
        foreach (ReportSection section in sections)
        {
            writer.WriteLine($"## {section.Title}\n");
            foreach (string paragraph in section.Paragraphs)
                writer.WriteLine($"{paragraph}\n");
            foreach (ReportTable table in section.Tables)
                Write(writer, table);
            foreach (ReportMatrix matrix in section.Matrices)
            {
                Write(
                    writer,
                    new ReportTable(
                        matrix.Caption,
                        ["true class", .. matrix.Names],
                        [
                            .. matrix.Names.Zip(
                                matrix.Values,
                                (name, row) =>
                                    (IReadOnlyList<string>)
                                        [
                                            name,
                                            .. row?.Select(v => v.ToString("F3", CultureInfo.InvariantCulture))
                                                ?? matrix.Names.Select(_ => "n/a"),
                                        ]
                            ),
                        ]
                    )
                );
            }

            foreach (ReportPicture picture in section.Pictures)
                writer.WriteLine($"![{picture.Caption}]({pictureFolder}/{picture.FileName})\n");
        }
    }

    private static void Write(TextWriter writer, ReportTable table)
    {
        if (table.Caption.Length > 0)
            writer.WriteLine($"**{table.Caption}**\n");
        writer.WriteLine($"| {string.Join(" | ", table.Header.Select(TableText.MarkdownCell))} |");
        writer.WriteLine($"|---|{string.Concat(table.Header.Skip(1).Select(_ => "---:|"))}");
        foreach (IReadOnlyList<string> row in table.Rows)
            writer.WriteLine($"| {string.Join(" | ", row.Select(TableText.MarkdownCell))} |");
        writer.WriteLine();
    }
}
