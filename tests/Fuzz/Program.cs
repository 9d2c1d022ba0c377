using System.IO.Hashing;
using CommandLine;

namespace UnpairedSegEngine.Fuzz;

/// <summary>Runs the fuzzers by hand; exit code 1 where an outcome is not clean.</summary>
internal static class Program
{
    private const int Piece = 20_000;

    public static int Main(string[] arguments) => Parser.Default.ParseArguments<Options>(arguments).MapResult(Run, _ => 2);

    private static int Run(Options options)
    {
        FuzzTarget[] targets = [.. Targets.Targets.All.Where(target => options.Target is null || target.Name == options.Target)];
        if (targets.Length == 0)
        {
            Console.Error.WriteLine(
                $"--target '{options.Target}' is not known; there are "
                    + $"{string.Join(", ", Targets.Targets.All.Select(target => target.Name))}"
            );
            return 2;
        }

        if (options.File is not null)
            return targets.Count(target => !Replay(target, options.File)) > 0 ? 1 : 0;
        int faults = 0;
        foreach (FuzzTarget target in targets)
        {
            // In pieces of a seed each, so that there is something to see, and later ones do not start from what early ones
            // found.
            for (int done = 0, piece = 0; done < options.Executions; done += Piece, piece++)
            {
                var run = new FuzzRun(target, options.Seed + piece);
                run.Run(Math.Min(Piece, options.Executions - done));
                Console.WriteLine($"seed {options.Seed + piece}: {run}");
                faults += Save(target, run, options.Out);
            }
        }

        return faults > 0 ? 1 : 0;
    }

    private static int Save(FuzzTarget target, FuzzRun run, string folder)
    {
        foreach ((string signature, (byte[] input, Outcome outcome)) in run.Faults)
        {
            string path = Path.Combine(
                Directory.CreateDirectory(Path.Combine(folder, target.Name)).FullName,
                $"{outcome.Fault}-{XxHash32.HashToUInt32(System.Text.Encoding.UTF8.GetBytes(signature)):x8}.bin"
            );
            File.WriteAllBytes(path, input);
            Console.WriteLine($"  {path}: {Storage.OneLine.Of(signature)}");
        }

        return run.Faults.Count;
    }

    private static bool Replay(FuzzTarget target, string path)
    {
        using var folder = new ScratchFolder();
        target.Prepare(folder.Path);
        Outcome outcome = Outcome.Of(target, File.ReadAllBytes(path), folder.Path);
        Console.WriteLine($"{target.Name}: {outcome}");
        return outcome.Fault is null;
    }

    private sealed class Options
    {
        [Option("target", HelpText = "One parser; all of them if not given.")]
        public string? Target { get; init; }

        [Option("executions", Default = 100_000, HelpText = "Inputs per parser.")]
        public int Executions { get; init; }

        [Option("seed", Default = 1, HelpText = "Of the random numbers; each 20,000 inputs take the next.")]
        public int Seed { get; init; }

        [Option("out", Default = "fuzz-findings", HelpText = "Folder for inputs whose outcome is not clean.")]
        public string Out { get; init; } = "";

        [Option("file", HelpText = "Try this input only.")]
        public string? File { get; init; }
    }
}
