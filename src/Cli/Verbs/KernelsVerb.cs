using CommandLine;
using UnpairedSegEngine.Backends.Cuda.Compilation;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("kernels", HelpText = "List the CUDA kernels, or compile them without a GPU (needs NVRTC only).")]
internal sealed class KernelsVerb : IVerb
{
    [Option("compile", Separator = ',', HelpText = "Architectures, such as sm_80,sm_90a (machine code) or compute_80 (PTX).")]
    public IEnumerable<string> Architectures { get; init; } = [];

    [Option("out", HelpText = "Folder for the compiled images; kernels/images beside the program is where it looks for them.")]
    public string? Out { get; init; }

    [Option("source", HelpText = "Compile this file alone, which may include the kernels' headers (tools/gpu-probe).")]
    public string? Source { get; init; }

    [Option("ledger", HelpText = "File to write registers, shared memory and spills of each kernel to.")]
    public string? Ledger { get; init; }

    [Option("check", HelpText = "Ledger to compare with, for the architectures that are compiled; a difference is an error.")]
    public string? Check { get; init; }

    [Option("overwrite", HelpText = ResultFiles.OverwriteHelp)]
    public bool Overwrite { get; init; }

    public int Run(string[] arguments)
    {
        KernelSources sources = KernelSources.Shipped;
        string[] architectures = [.. Architectures];
        IReadOnlyList<string> files = Source is null ? sources.Files : [Path.ChangeExtension(Path.GetFullPath(Source), null)];
        if (architectures.Length == 0)
            return List(sources);

        ResultFiles.Check(Overwrite, ("--ledger", Ledger));
        if (Out is not null)
            PrepareFolder(Out);
        IReadOnlyList<KernelUsage> usages = KernelLedger.Compile(
            sources,
            files,
            architectures,
            (name, image) => Write(Path.Combine(Out ?? "", name), image)
        );
        string ledger = KernelLedger.Format(usages, KernelLedger.CompilerName());
        if (Ledger is not null)
            AtomicFile.WriteText(Ledger, writer => writer.Write(ledger));

        Console.WriteLine($"compiled {usages.Count} kernels of {files.Count} files for {string.Join(", ", architectures)}");

        KernelUsage[] slow = [.. usages.Where(usage => usage.SpillBytes > 0 || usage.Serialized)];
        foreach (KernelUsage usage in slow)
        {
            string flaw = usage.Serialized ? "has its wgmma products serialized" : $"spills {usage.SpillBytes} bytes";
            Console.WriteLine($"{usage.Kernel} {flaw} on {usage.Architecture}");
        }

        bool differs = Check is not null && Differs(File.ReadAllText(Check), ledger, architectures);
        return differs || slow.Any(usage => usage.Kernel.StartsWith("convolution", StringComparison.Ordinal))
            ? ExitCode.BadData
            : ExitCode.Ok;
    }

    private static int List(KernelSources sources)
    {
        foreach (string file in sources.Files)
            Console.WriteLine($"{file}: {string.Join(' ', sources.KernelsOf(file))}");
        return ExitCode.Ok;
    }

    /// <remarks>
    /// Images of several sources are replaced together or not at all: a mixture would be loaded without a word.
    /// </remarks>
    private void PrepareFolder(string folder)
    {
        if (!Overwrite && Directory.Exists(folder) && Directory.EnumerateFiles(folder).Any())
            throw new UsageException($"--out '{folder}': has files; replace them with --overwrite, or name another folder");
        Directory.CreateDirectory(folder);
    }

    private void Write(string path, byte[] image)
    {
        if (Out is not null)
            AtomicFile.Write(path, stream => stream.Write(image));
    }

    /// <summary>Rows of architectures that were not compiled are not looked at.</summary>
    private bool Differs(string expected, string actual, IReadOnlyCollection<string> architectures)
    {
        string[] before = [.. expected.Split('\n').Where(IsOfInterest)],
            after = actual.Split('\n');
        string[] changes =
        [
            .. before.Except(after).Select(line => $"- {line}"),
            .. after.Except(before).Select(line => $"+ {line}"),
        ];
        if (changes.Length == 0)
            return false;
        Console.WriteLine(
            $"the kernels differ from {Check}; if the change is meant, write it anew with --ledger {Check} --overwrite:"
        );
        foreach (string change in changes)
            Console.WriteLine(change);
        return true;

        bool IsOfInterest(string line) =>
            line.Split('|') is not [_, _, var architecture, ..]
            || !architecture.Trim().StartsWith("sm_", StringComparison.Ordinal)
            || architectures.Contains(architecture.Trim());
    }
}
