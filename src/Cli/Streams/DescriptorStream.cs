using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Cli.Streams;

/// <summary>Writes to an inherited file descriptor; after the first failure, nowhere.</summary>
/// <remarks>
/// A descriptor that was closed when the process began is soon another file's: the runtime opens its own files close-on-exec,
/// which nothing inherited can be, and that
/// tells them apart.
/// </remarks>
internal sealed class DescriptorStream : Stream
{
    public const int Output = 1;
    public const int Errors = 2;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly int descriptor;
    private readonly bool isOpen;

    public DescriptorStream(int descriptor)
    {
        this.descriptor = descriptor;
        int flags = UnixDescriptors.Control(descriptor, UnixDescriptors.GetDescriptorFlags, 0);
        isOpen = flags >= 0 && (flags & UnixDescriptors.CloseOnExec) == 0;
    }

    /// <summary>Why something could not be written; null where all was.</summary>
    public string? Failure { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (!isOpen && buffer.Length > 0)
            Failure ??= "it was closed";
        while (Failure is null && buffer.Length > 0)
        {
            nint written = UnixDescriptors.Write(descriptor, buffer, buffer.Length);
            if (written >= 0)
                buffer = buffer[(int)written..];
            else
                Wait(Marshal.GetLastPInvokeError());
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Before another try, where there can be one.</summary>
    private void Wait(int error)
    {
        if (error == UnixDescriptors.TryAgain)
            Thread.Sleep(Pause);
        else if (error != UnixDescriptors.Interrupted)
            Failure = Marshal.GetPInvokeErrorMessage(error);
    }
}
