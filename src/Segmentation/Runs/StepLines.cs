using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Runs;

/// <summary>Log files of one line per record.</summary>
internal static class StepLines
{
    /// <summary>Opens a log to append to, after dropping all lines behind a step and a line that a crash left unfinished.</summary>
    /// <param name="path">The log.</param>
    /// <param name="lastStep">The last step to keep.</param>
    /// <param name="stepOf">The step of a line; null where the line is damaged.</param>
    public static StreamWriter Append(string path, long lastStep, Func<string, long?> stepOf)
    {
        if (File.Exists(path))
        {
            string text = File.ReadAllText(path);
            IEnumerable<string> kept = text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .TakeWhile(line => stepOf(line) <= lastStep);
            AtomicFile.Write(path, stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
                foreach (string line in kept)
                    writer.WriteLine(line);
            });
        }

        return new StreamWriter(path, append: true) { NewLine = "\n", AutoFlush = true };
    }
}
