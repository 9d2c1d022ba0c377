using System.Globalization;
using System.Text.RegularExpressions;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Backends.Cuda.Compilation;

/// <summary>What the assembler gave one kernel on one architecture.</summary>
/// <param name="Kernel">Name of the entry point.</param>
/// <param name="Architecture">sm_80, ...</param>
/// <param name="Registers">Per thread.</param>
/// <param name="SharedBytes">Static shared memory per block.</param>
/// <param name="StackBytes">Local memory per thread.</param>
/// <param name="SpillBytes">Stores and loads of registers that did not fit.</param>
/// <param name="Serialized">Whether the assembler gave up the overlap of wgmma products, because something touches their
/// accumulators while they run.</param>
public sealed record KernelUsage(
    string Kernel,
    string Architecture,
    int Registers,
    int SharedBytes,
    int StackBytes,
    int SpillBytes,
    bool Serialized = false
);

/// <summary>
/// The table of registers, shared memory and spills of all kernels that is kept in the repository, so that a change shows in the
/// diff. Read from the assembler's report.
/// </summary>
public static partial class KernelLedger
{
    private const string Heading = "| kernel | arch | registers | static shared | stack | spilled |";

    /// <summary>Compiles kernels for the architectures.</summary>
    /// <param name="sources">The sources.</param>
    /// <param name="files">Names of source files, or whole paths of files elsewhere, without extension.</param>
    /// <param name="architectures">sm_80, sm_90a, ...</param>
    /// <param name="write">Receives each image with its file name.</param>
    /// <exception cref="CudaException">NVRTC is missing or a kernel does not compile.</exception>
    public static IReadOnlyList<KernelUsage> Compile(
        KernelSources sources,
        IReadOnlyList<string> files,
        IReadOnlyList<string> architectures,
        Action<string, byte[]>? write = null
    )
    {
        Nvrtc compiler = Nvrtc.TryLoad(out string reason) ?? throw new CudaException(reason);
        (string File, string Architecture)[] jobs =
        [
            .. from file in files from architecture in architectures select (file, architecture),
        ];
        CompiledKernel[] compiled =
        [
            .. jobs.AsParallel()
                .AsOrdered()
                .Select(job => compiler.Compile(sources.PathOf(job.File), sources.Folder, job.Architecture)),
        ];
        foreach (((string file, string architecture), CompiledKernel kernel) in jobs.Zip(compiled))
            write?.Invoke(
                KernelImages.NameOf(Path.IsPathRooted(file) ? Path.GetFileName(file) : file, architecture),
                kernel.Image
            );
        return
        [
            .. compiled
                .SelectMany(kernel => Parse(kernel.Log))
                .OrderBy(usage => usage.Kernel, StringComparer.Ordinal)
                .ThenBy(usage => usage.Architecture, StringComparer.Ordinal),
        ];
    }

    /// <summary>The kernels of a report of <c>ptxas -v</c>.</summary>
    public static IEnumerable<KernelUsage> Parse(string log)
    {
        HashSet<string> serialized = [.. Serialization().Matches(log).Select(match => match.Groups["kernel"].Value)];
        foreach (Match match in Report().Matches(log))
        {
            string kernel = match.Groups["kernel"].Value;
            int Number(string group) =>
                match.Groups[group].Success ? int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : 0;
            yield return new KernelUsage(
                kernel,
                match.Groups["arch"].Value,
                Number("registers"),
                Number("smem"),
                Number("stack"),
                Number("stores") + Number("loads"),
                serialized.Contains(kernel)
            );
        }
    }

    /// <summary>The ledger as Markdown: a row per kernel and architecture, in the given order.</summary>
    /// <param name="usages">As <see cref="Compile"/> returns them.</param>
    /// <param name="compiler">As <see cref="CompilerName"/> says it: other versions give other numbers.</param>
    public static string Format(IEnumerable<KernelUsage> usages, string compiler)
    {
        IEnumerable<string> rows = usages.Select(u =>
            string.Create(
                CultureInfo.InvariantCulture,
                $"| {u.Kernel} | {u.Architecture} | {u.Registers} | {u.SharedBytes} | {u.StackBytes} | {u.SpillBytes} |"
            )
        );
        return $"""
                # Registers, shared memory and spills of every kernel

                Written by `unpairedseg kernels --compile sm_80,sm_90a --ledger kernels/ledger.md` with {compiler}. Shared memory is static; the convolutions and the loss ask for more when they are launched.

                {Heading}
                |---|---|---:|---:|---:|---:|

                """
            + string.Join('\n', rows)
            + "\n";
    }

    /// <summary>Version of the compiler, for the ledger.</summary>
    public static string CompilerName() =>
        Nvrtc.TryLoad(out string reason) is { } compiler ? $"NVRTC {compiler.Version}" : reason;

    [GeneratedRegex(
        @"Compiling entry function '(?<kernel>\w+)' for '(?<arch>\w+)'.*?(?<stack>\d+) bytes stack frame, (?<stores>\d+) bytes spill stores, (?<loads>\d+) bytes spill loads.*?Used (?<registers>\d+) registers[^\n]*?(?:(?<smem>\d+) bytes smem[^\n]*)?\n",
        RegexOptions.Singleline
    )]
    private static partial Regex Report();

    [GeneratedRegex(@"wgmma\.mma_async instructions are serialized.*'(?<kernel>\w+)'")]
    private static partial Regex Serialization();
}
