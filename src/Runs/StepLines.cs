using System.Text;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Runs;

/// <summary>Log files of one line per record.</summary>
internal static class StepLines
{
    /// <summary>
    /// Opens a log to append to, after dropping all lines behind a step and a line that a crash left unfinished.
    /// </summary>
    /// <param name="path">The log.</param>
    /// <param name="lastStep">The last step to keep.</param>
    /// <param name="stepOf">The step of a line; null where the line is damaged.</param>
    public static StreamWriter Append(string path, long lastStep, Func<string, long?> stepOf)
    {
        if (File.Exists(path))
        {
            AtomicFile.WriteText(
                path,
                writer =>
                {
                    foreach (string line in Read(path, finished: true).TakeWhile(line => stepOf(line) <= lastStep))
                        writer.WriteLine(line);
                }
            );
        }

        return new StreamWriter(path, append: true) { NewLine = "\n", AutoFlush = true };
    }

    /// <summary>The lines of a log, but for empty ones.</summary>
    /// <param name="path">The log.</param>
    /// <param name="finished">Without a last one that lacks its end.</param>
    /// <exception cref="InvalidDataException">There is no such file.</exception>
    public static IEnumerable<string> Read(string path, bool finished = false)
    {
        using var reader = new StreamReader(InputFile.OpenRead(path));
        var line = new StringBuilder();
        for (int c = reader.Read(); c >= 0; c = reader.Read())
        {
            if (c != '\n')
            {
                line.Append((char)c);
                continue;
            }

            if (line.Length > 0)
                yield return line.ToString();
            line.Clear();
        }

        if (line.Length > 0 && !finished)
            yield return line.ToString();
    }
}
