using System.Globalization;
using System.Text;

namespace UnpairedSegEngine.Storage;

/// <summary>
/// Rows of a CSV file with a header (RFC 4180 without line breaks within fields): each field by its column, and messages that
/// name file and line.
/// </summary>
public sealed class CsvRows
{
    private const long MostBytes = 1L << 28;

    private readonly string path;
    private readonly string[] columns;
    private readonly string[] lines;

    private CsvRows(string path, string[] lines)
    {
        (this.path, this.lines) = (path, lines);
        columns = lines.Length > 0 ? [.. Fields(0)] : [];
    }

    /// <summary>A row of a file.</summary>
    /// <param name="File">Where it is from.</param>
    /// <param name="Line">Counted from 1.</param>
    /// <param name="Fields">In the order of the columns asked for.</param>
    public sealed record Row(string File, int Line, IReadOnlyList<string> Fields)
    {
        /// <summary>A field as a number.</summary>
        /// <exception cref="InvalidDataException">It is none.</exception>
        public float Number(int field) =>
            float.TryParse(Fields[field], NumberStyles.Float, CultureInfo.InvariantCulture, out float number)
            && float.IsFinite(number)
                ? number
                : throw Refuse($"'{Fields[field]}' is no number");

        /// <summary>The error that refuses this row.</summary>
        public InvalidDataException Refuse(string problem) => new($"'{File}', line {Line}: {OneLine.Of(problem)}");
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">No such file, or it is no text in UTF-8.</exception>
    public static CsvRows Open(string path)
    {
        byte[] bytes = InputFile.ReadAll(path, MostBytes);
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
            return new CsvRows(path, text.TrimStart('\uFEFF').Split('\n'));
        }
        catch (DecoderFallbackException)
        {
            throw new InvalidDataException($"'{path}': is no text in UTF-8");
        }
    }

    /// <summary>Whether the header has a column.</summary>
    public bool Has(string column) => columns.Contains(column);

    /// <summary>The rows with some of their fields; empty lines are passed over.</summary>
    /// <exception cref="InvalidDataException">A column is missing, or a row has another number of fields than the
    /// header.</exception>
    public IEnumerable<Row> Select(params string[] wanted)
    {
        int[] places = [.. wanted.Select(column => Array.IndexOf(columns, column))];
        if (Array.IndexOf(places, -1) is >= 0 and var missing)
            throw new InvalidDataException(
                $"'{path}', line 1: has no column {wanted[missing]}; expected a header such as {string.Join(',', wanted)}"
            );
        for (int line = 1; line < lines.Length; line++)
        {
            if (string.IsNullOrWhiteSpace(lines[line]))
                continue;
            List<string> fields = Fields(line);
            if (fields.Count != columns.Length)
                throw new InvalidDataException(
                    $"'{path}', line {line + 1}: has {fields.Count} fields, but the header {columns.Length}"
                );
            yield return new Row(path, line + 1, [.. places.Select(place => fields[place])]);
        }
    }

    private List<string> Fields(int line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        bool isQuoted = false;
        string text = lines[line].TrimEnd('\r');
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '"' && isQuoted && i + 1 < text.Length && text[i + 1] == '"')
                field.Append(text[i++]);
            else if (text[i] == '"')
                isQuoted = !isQuoted;
            else if (text[i] == ',' && !isQuoted)
                EndField();
            else
                field.Append(text[i]);
        }

        if (isQuoted)
            throw new InvalidDataException($"'{path}', line {line + 1}: a quote is not closed");
        EndField();
        return fields;

        void EndField()
        {
            fields.Add(field.ToString().Trim());
            field.Clear();
        }
    }
}
