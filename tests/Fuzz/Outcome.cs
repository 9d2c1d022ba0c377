using System.Text.RegularExpressions;

namespace UnpairedSegEngine.Fuzz;

/// <summary>How a parser took one input.</summary>
/// <param name="Fault">What is wrong with it, in a word; null for a clean outcome.</param>
/// <param name="Message">The refusal; empty for an accepted input.</param>
/// <param name="Signature">The same for outcomes of one kind.</param>
/// <param name="Bytes">Allocated.</param>
/// <param name="Time">Processor time.</param>
internal sealed partial record Outcome(string? Fault, string Message, string Signature, long Bytes, TimeSpan Time)
{
    /// <summary>
    /// A refusal, and what comes before the first voxel, may take this and <see cref="TimesInput"/> times the input.
    /// </summary>
    public const long FreeBytes = 64 << 20;

    public const int TimesInput = 3;

    /// <summary>For one input.</summary>
    public static readonly TimeSpan MostTime = TimeSpan.FromSeconds(1);

    /// <summary>Tries an input; a slow one once more, since compilation and collections take time, too.</summary>
    public static Outcome Of(FuzzTarget target, byte[] input, string folder)
    {
        Outcome outcome = Try(target, input, folder);
        return outcome.Fault == "slow" ? Try(target, input, folder) : outcome;
    }

    private static Outcome Try(FuzzTarget target, byte[] input, string folder)
    {
        long accepted = 0;
        Exception? thrown = null;
        long bytesBefore = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan before = ThreadClock.Now;
        try
        {
            accepted = target.Run(input, folder);
        }
        catch (Exception exception)
        {
            thrown = exception;
        }

        TimeSpan time = ThreadClock.Now - before;
        long bytes = GC.GetAllocatedBytesForCurrentThread() - bytesBefore;
        string? fault =
            FaultOf(thrown, target, folder)
            ?? (
                time > MostTime ? "slow"
                : bytes > FreeBytes + (TimesInput * (input.Length + accepted)) ? "memory"
                : null
            );
        return new Outcome(fault, thrown?.Message ?? "", SignatureOf(fault, thrown), bytes, time);
    }

    private static string? FaultOf(Exception? thrown, FuzzTarget target, string folder)
    {
        if (thrown is null)
            return null;
        if (!Expected.Is(thrown, target.IsUsage))
            return thrown.GetType().Name;
        if (thrown.Message.Any(char.IsControl) || thrown.Message.Contains('\u2028'))
            return "several-lines";
        bool isNamed =
            thrown.Message.Contains(folder, StringComparison.Ordinal)
            || (target.FileName is { } name && thrown.Message.Contains(name, StringComparison.Ordinal));
        return target.IsUsage || isNamed ? null : "no-file-name";
    }

    /// <summary>For a fault the place that threw it, for a refusal its message without what differs between inputs.</summary>
    private static string SignatureOf(string? fault, Exception? thrown)
    {
        if (thrown is null)
            return fault ?? "accepted";
        if (fault is not null)
            return $"{fault} {thrown.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("UnpairedSegEngine.", StringComparison.Ordinal))}";
        string text = Varying().Replace(thrown.Message, "_");
        return text[..Math.Min(text.Length, 60)];
    }

    [GeneratedRegex("'[^']*'|[0-9]+")]
    private static partial Regex Varying();
}
