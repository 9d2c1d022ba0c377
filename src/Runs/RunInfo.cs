using System.Reflection;
using System.Runtime.InteropServices;

namespace UnpairedSegEngine.Runs;

/// <summary>Where a run's results come from.</summary>
/// <param name="Version">Version of the program.</param>
/// <param name="GitHash">Commit it was built from; empty where it was built outside a repository.</param>
/// <param name="CommandLine">The arguments it was started with.</param>
/// <param name="Machine">Host name.</param>
/// <param name="Platform">Operating system and architecture.</param>
/// <param name="Processors">Logical processors.</param>
/// <param name="Started">When it was started first, UTC.</param>
public sealed record RunInfo(
    string Version,
    string GitHash,
    IReadOnlyList<string> CommandLine,
    string Machine,
    string Platform,
    int Processors,
    DateTimeOffset Started
)
{
    /// <summary>Describes this process.</summary>
    public static RunInfo OfThisProcess(IReadOnlyList<string> commandLine)
    {
        // The SDK appends the commit to the informational version: "0.1.0+c038e1c...".
        string[] version = (
            typeof(RunInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? ""
        ).Split('+', 2);
        return new RunInfo(
            version[0],
            version.Length > 1 ? version[1] : "",
            commandLine,
            Environment.MachineName,
            $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}",
            Environment.ProcessorCount,
            DateTimeOffset.UtcNow
        );
    }
}
