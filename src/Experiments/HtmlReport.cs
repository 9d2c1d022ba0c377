using System.Globalization;
using System.Net;
using System.Text;

namespace UnpairedSegEngine.Experiments;

/// <summary>A report as one HTML page that needs nothing but itself: no scripts, styles and pictures inline.</summary>
internal static class HtmlReport
{
    private const string Style = """
        body { font: 15px/1.5 system-ui, sans-serif; color: #1c2733; max-width: 1180px; margin: 2em auto; padding: 0 1.5em; }
        h1 { font-size: 1.7em; } h2 { margin-top: 2em; border-bottom: 2px solid #d9e0e6; padding-bottom: .2em; }
        table { border-collapse: collapse; margin: .6em 0 1.4em; } caption { text-align: left; font-weight: 600; padding: .3em 0; }
        th, td { padding: .28em .75em; border-bottom: 1px solid #e3e8ec; text-align: right; white-space: nowrap; }
        th:first-child, td:first-child, .text { text-align: left; } .text { white-space: normal; } thead th { border-bottom: 2px solid #9fb0bd; }
        tbody tr:hover { background: #f3f7fa; } figure { margin: 1em 0; } figcaption { color: #52616d; }
        figure svg, figure img { max-width: 100%; height: auto; } .matrices { display: flex; flex-wrap: wrap; gap: 0 2.5em; } .matrix td { min-width: 3.2em; }
        """;

    public static void Write(TextWriter writer, string title, IReadOnlyList<ReportSection> sections)
    {
        writer.WriteLine(
            $"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>{Text(title)}</title>\n<style>\n{Style}\n</style>\n</head>\n<body>\n<h1>{Text(title)}</h1>"
        );
        foreach (ReportSection section in sections)
        {
            writer.WriteLine($"<section>\n<h2>{Text(section.Title)}</h2>");
            foreach (string paragraph in section.Paragraphs)
                writer.WriteLine($"<p>{Text(paragraph)}</p>");
            foreach (ReportTable table in section.Tables)
                Write(writer, table);
            if (section.Matrices.Count > 0)
            {
                writer.WriteLine("<div class=\"matrices\">");
                foreach (ReportMatrix matrix in section.Matrices)
                    Write(writer, matrix);
                writer.WriteLine("</div>");
            }

            foreach (ReportPicture picture in section.Pictures)
                writer.WriteLine($"<figure><figcaption>{Text(picture.Caption)}</figcaption>{Inline(picture)}</figure>");
            writer.WriteLine("</section>");
        }

        writer.WriteLine("</body>\n</html>");
    }

    private static void Write(TextWriter writer, ReportTable table)
    {
        bool[] isText = [.. (table.Rows.Count > 0 ? table.Rows[0] : table.Header).Select(IsText)];
        writer.WriteLine(
            $"<table><caption>{Text(table.Caption)}</caption><thead><tr>{Cells("th", table.Header, isText)}</tr></thead><tbody>"
        );
        foreach (IReadOnlyList<string> row in table.Rows)
            writer.WriteLine($"<tr>{Cells("td", row, isText)}</tr>");
        writer.WriteLine("</tbody></table>");
    }

    /// <summary>The darker a cell, the larger its share.</summary>
    private static void Write(TextWriter writer, ReportMatrix matrix)
    {
        writer.WriteLine(
            $"<table class=\"matrix\"><caption>{Text(matrix.Caption)}</caption><thead><tr>{Cells("th", ["true class", .. matrix.Names])}</tr></thead><tbody>"
        );
        foreach ((string name, double[]? row) in matrix.Names.Zip(matrix.Values))
        {
            writer.Write($"<tr><td>{Text(name)}</td>");
            foreach (double value in row ?? [])
            {
                writer.Write(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"<td style=\"background:rgba(31,110,180,{Math.Sqrt(value):F2});color:{(value > 0.35 ? "#fff" : "#1c2733")}\">{value:F3}</td>"
                    )
                );
            }

            writer.WriteLine(row is null ? $"<td colspan=\"{matrix.Names.Count}\">not in the batch</td></tr>" : "</tr>");
        }

        writer.WriteLine("</tbody></table>");
    }

    private static string Cells(string tag, IReadOnlyList<string> cells, IReadOnlyList<bool>? isText = null) =>
        string.Concat(cells.Select((cell, i) => $"<{tag}{(isText?[i] == true ? " class=\"text\"" : "")}>{Text(cell)}</{tag}>"));

    /// <summary>Sentences wrap and begin at the left; figures stand under each other.</summary>
    private static bool IsText(string cell) => cell.Contains(' ', StringComparison.Ordinal) && char.IsLetter(cell[0]);

    private static string Inline(ReportPicture picture) =>
        picture.FileName.EndsWith(".svg", StringComparison.Ordinal)
            ? Encoding.UTF8.GetString(picture.Content)
            : $"<img alt=\"{Text(picture.Caption)}\" src=\"data:image/png;base64,{Convert.ToBase64String(picture.Content)}\">";

    private static string Text(string text) => WebUtility.HtmlEncode(text);
}
