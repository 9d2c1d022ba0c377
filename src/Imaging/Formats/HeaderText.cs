using System.Globalization;
using System.Text;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Imaging.Formats;

/// <summary>
/// The text at the beginning of a volume's file: lines, and where the bytes behind them begin. No more is read of a file that has
/// no end of its header than a header may have.
/// </summary>
internal sealed class HeaderText : IDisposable
{
    private const int LongestHeader = 1 << 20;

    private readonly string file;
    private readonly BufferedStream stream;
    private readonly long length;

    public HeaderText(string file)
    {
        this.file = file;
        var raw = File.OpenRead(file);
        if (!raw.CanSeek)
        {
            raw.Dispose();
            throw new InvalidDataException($"{file}: is no regular file");
        }

        length = raw.Length;
        stream = new BufferedStream(raw);
    }

    /// <summary>Bytes read so far: where the next line, or the voxels, begin.</summary>
    public long Position { get; private set; }

    /// <summary>The next line without its end; null at the end of the file.</summary>
    /// <exception cref="InvalidDataException">The header is too long, or holds bytes that are no text.</exception>
    public string? ReadLine()
    {
        var line = new List<byte>();
        while (true)
        {
            var value = stream.ReadByte();
            if (value < 0)
                return line.Count > 0 ? Text(line) : null;
            if (++Position > LongestHeader)
                throw new InvalidDataException($"{file}: its header has more than {LongestHeader} bytes");
            if (value == '\n')
                return Text(line);
            line.Add((byte)value);
        }
    }

    /// <summary>All that follows, as text.</summary>
    public string ReadRest()
    {
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    /// <summary>Whether the file has that many more bytes.</summary>
    public bool HasLeft(long bytes) => bytes <= length - Position;

    public void Dispose() => stream.Dispose();

    /// <summary>Numbers separated by blanks.</summary>
    /// <exception cref="InvalidDataException">Not that many, or one is none or not finite.</exception>
    public static double[] Numbers(string file, string field, string text, int? count = null)
    {
        string[] parts = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var numbers = new double[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (
                !double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i])
                || !double.IsFinite(numbers[i])
            )
                throw Bad(file, field, text, "numbers");
        }

        return count is null || numbers.Length == count ? numbers : throw Bad(file, field, text, $"{count} numbers");
    }

    /// <summary>Sizes of axes.</summary>
    /// <exception cref="InvalidDataException">Not that many, or one is no whole number from 1.</exception>
    public static long[] Sizes(string file, string field, string text, int count)
    {
        string[] parts = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var sizes = new long[parts.Length];
        for (var i = 0; i < parts.Length; i++)
        {
            if (
                !long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out sizes[i])
                || sizes[i] is < 1 or > int.MaxValue
            )
                throw Bad(file, field, text, $"whole numbers from 1 to {int.MaxValue}");
        }

        return sizes.Length == count ? sizes : throw Bad(file, field, text, $"{count} sizes");
    }

    /// <summary>The file that a header names for its voxels: in its own folder or below, since anybody may have written
    /// it.</summary>
    /// <exception cref="InvalidDataException">It is no such name.</exception>
    public static string Beside(string file, string field, string name)
    {
        string[] parts = [.. name.Split('/', '\\').Where(part => part is not ("." or ""))];
        return parts.Length > 0 && name[0] is not ('/' or '\\') && parts.All(FileName.IsPlain)
            ? Path.Combine([Path.GetDirectoryName(file) ?? "", .. parts])
            : throw Bad(file, field, name, "a file in the header's folder or below");
    }

    /// <summary>The error that refuses a field.</summary>
    public static InvalidDataException Bad(string file, string field, string found, string expected) =>
        new($"{file}: {field} is '{OneLine.Of(found.Length > 100 ? found[..100] + "..." : found)}', expected {expected}");

    private static string Text(List<byte> line) => Encoding.Latin1.GetString([.. line]).TrimEnd('\r');
}
