using System.Text;

namespace UnpairedSegEngine.Cli.Streams;

/// <summary>
/// Standard output and errors that cannot end the work: when a disk is full, a pipe broken or the stream was closed before the
/// start, lines go nowhere and the process
/// says so at its end.
/// </summary>
internal sealed class StandardStreams
{
    private readonly DescriptorStream? output;

    private StandardStreams(DescriptorStream? output) => this.output = output;

    /// <summary>Takes the place of the console's own writers, which throw.</summary>
    public static StandardStreams Guard()
    {
        if (OperatingSystem.IsWindows())
            return new StandardStreams(null);
        Encoding encoding = Console.OutputEncoding;
        DescriptorStream output = new(DescriptorStream.Output),
            errors = new(DescriptorStream.Errors);
        Console.SetOut(new StreamWriter(output, encoding) { AutoFlush = true });
        Console.SetError(new StreamWriter(errors, encoding) { AutoFlush = true });
        return new StandardStreams(output);
    }

    /// <summary>The exit code, after a line about output that was lost.</summary>
    public int End(int code)
    {
        Console.Out.Flush();
        if (output?.Failure is not { } failure)
            return code;
        Console.Error.WriteLine($"unpairedseg: a part of the standard output is lost: {failure}");
        return code == ExitCode.Ok ? ExitCode.BadData : code;
    }
}
