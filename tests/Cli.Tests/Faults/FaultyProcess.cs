using System.Diagnostics;
using System.Globalization;

namespace UnpairedSegEngine.Cli.Tests.Faults;

/// <summary>A fault of the file system.</summary>
/// <param name="Kind">EIO, ENOSPC, EDQUOT, EACCES, or KILL, which ends the process before the operation.</param>
/// <param name="At">Which operation, from 1; 0 for none.</param>
/// <param name="Calls">Of which operations: write, fsync, rename, create, ...; all if null.</param>
/// <param name="Length">How many in a row fail; 0 for all that follow.</param>
internal sealed record Fault(string Kind, long At, string? Calls = null, int Length = 1)
{
    public static Fault None { get; } = new("EIO", 0);
}

/// <summary>
/// Runs the program in a process in which operations on files below a folder fail: faults.c, loaded before libc.
/// </summary>
internal sealed class FaultyProcess
{
    private static readonly string Source = Path.Combine(AppContext.BaseDirectory, "Faults", "faults.c");

    private readonly string library,
        count;

    /// <summary>Compiles the library; ignores the running tests where that cannot be done.</summary>
    public FaultyProcess(string folder)
    {
        (library, count) = (Path.Combine(folder, "faults.so"), Path.Combine(folder, "count"));
        if (!OperatingSystem.IsLinux())
            Assert.Ignore("faults are injected on Linux only");
        try
        {
            using Process compiler = Process.Start(
                new ProcessStartInfo("cc", ["-shared", "-fPIC", "-O1", "-o", library, Source, "-ldl"])
            )!;
            compiler.WaitForExit();
            Assert.That(compiler.ExitCode, Is.Zero, "faults.c does not compile");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Ignore("no C compiler (cc) on this machine");
        }
    }

    /// <summary>Operations that the last process came to.</summary>
    public long Operations =>
        File.Exists(count)
            ? long.Parse(File.ReadAllText(count), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture)
            : 0;

    /// <param name="under">Operations on files below it count.</param>
    /// <param name="fault">What fails.</param>
    /// <param name="arguments">Of the program.</param>
    public (int Code, string Output, string Errors) Run(string under, Fault fault, params string[] arguments)
    {
        File.Delete(count);
        var start = new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LD_PRELOAD"] = library;
        start.Environment["FAULT_UNDER"] = under;
        start.Environment["FAULT_AT"] = fault.At.ToString(CultureInfo.InvariantCulture);
        start.Environment["FAULT_FOR"] = fault.Length.ToString(CultureInfo.InvariantCulture);
        start.Environment["FAULT_KIND"] = fault.Kind;
        start.Environment["FAULT_COUNT"] = count;
        if (fault.Calls is not null)
            start.Environment["FAULT_CALLS"] = fault.Calls;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}
