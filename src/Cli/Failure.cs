using System.Reflection;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Cli;

/// <summary>
/// An exception as one line for a person and an exit code. What is not foreseen is a fault of the program, whose stack trace goes
/// to a file.
/// </summary>
internal static class Failure
{
    /// <summary>ENOMEM, which .NET hands on as an IOException's result.</summary>
    private const int NoMemory = 12;

    /// <summary>Tells the user.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Report(Exception exception, IReadOnlyList<string> arguments)
    {
        Exception cause = CauseOf(exception);
        int code = CodeOf(cause);
        Console.Error.WriteLine(
            code == ExitCode.Fault
                ? $"unpairedseg: a fault of the program, please report it with {FaultLog.Write(exception, arguments)}: "
                    + $"{cause.GetType().Name}: {OneLine.Of(cause.Message)}"
                : $"unpairedseg: {OneLine.Of(cause.Message)}"
        );
        return code;
    }

    /// <summary>What went wrong first among parallel work: others were cancelled because of it.</summary>
    private static Exception CauseOf(Exception exception) =>
        exception switch
        {
            AggregateException several => CauseOf(
                several.Flatten().InnerExceptions.OrderBy(inner => CauseOf(inner) is OperationCanceledException).First()
            ),
            TargetInvocationException { InnerException: { } inner } => CauseOf(inner),
            _ => exception,
        };

    private static int CodeOf(Exception exception) =>
        exception switch
        {
            UsageException => ExitCode.Usage,
            NumericFailureException => ExitCode.NumericFailure,
            OutOfMemoryException or IOException { HResult: NoMemory } => ExitCode.OutOfMemory,
            _ when IsCompressionWithoutMemory(exception) => ExitCode.OutOfMemory,
            OperationCanceledException => ExitCode.Interrupted,
            InvalidDataException or IOException or UnauthorizedAccessException => ExitCode.BadData,
            CudaException or DeviceException => ExitCode.Device,
            _ => ExitCode.Fault,
        };

    /// <remarks>.NET has no public type for zlib's Z_MEM_ERROR; readers may have put the file's name around it.</remarks>
    private static bool IsCompressionWithoutMemory(Exception exception) =>
        (exception.GetType().Name == "ZLibException" && exception.Message.Contains("memory", StringComparison.Ordinal))
        || exception.InnerException is OutOfMemoryException
        || (exception.InnerException is { } inner && IsCompressionWithoutMemory(inner));
}
