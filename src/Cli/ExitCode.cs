namespace UnpairedSegEngine.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int Usage = 2;
    public const int BadData = 3;
    public const int OutOfMemory = 4;
    public const int NumericFailure = 5;

    /// <summary>The compute device cannot be used, or failed.</summary>
    public const int Device = 6;

    /// <summary>Stopped by SIGINT or SIGTERM after a checkpoint.</summary>
    public const int Interrupted = 130;
}
