namespace UnpairedSegEngine.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Usage = 2;

    /// <summary>
    /// A file is missing, damaged or cannot be written; of a folder, at least one. Also where the standard output was lost.
    /// </summary>
    public const int BadData = 3;
    public const int OutOfMemory = 4;
    public const int NumericFailure = 5;

    /// <summary>The compute device cannot be used, or failed.</summary>
    public const int Device = 6;

    /// <summary>A fault of the program (EX_SOFTWARE of sysexits.h).</summary>
    public const int Fault = 70;

    /// <summary>Stopped by SIGINT or SIGTERM after a checkpoint.</summary>
    public const int Interrupted = 130;

    /// <summary>For help texts.</summary>
    public const string Meanings =
        "exit codes: 0 ok, 2 usage, 3 bad data, 4 out of memory, 5 numeric failure, 6 device, 70 fault of the program, "
        + "130 interrupted after a checkpoint";
}
