namespace UnpairedSegEngine.Cli.Tests.Faults;

/// <summary>
/// Whatever file operation fails, and wherever the process is killed: the same command, given again, ends with what it gives
/// undisturbed. A few faults by default, spread
/// over the operations; UNPAIREDSEG_FAULTS=1000 injects so many.
/// </summary>
[Platform("Linux")]
internal sealed class FaultTests : CommandLine
{
    private const int Killed = 137;

    private static readonly string[] Kinds = ["KILL", "ENOSPC", "EIO"];

    private static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("UNPAIREDSEG_FAULTS"), out int count)
        ? count
        : 4;

    private FaultyProcess process = null!;

    [OneTimeSetUp]
    public void Compile() => process = new FaultyProcess(Folder);

    [Test]
    public void Training_that_is_killed_or_fails_ends_as_if_undisturbed_once_it_is_resumed()
    {
        string[] Command(string run) =>
            TrainCommand(
                Data,
                run,
                "--steps",
                "5",
                "--plain",
                "--set",
                "training.validate_every=2",
                "training.save_every=2",
                "training.log_every=1"
            );
        string whole = PathOf("whole-run");
        Assert.That(process.Run(whole, Fault.None, Command(whole)).Code, Is.Zero);
        foreach (Fault fault in Spread(process.Operations))
        {
            string run = PathOf($"run-{fault.Kind}-{fault.At}");
            RequireFailure(process.Run(run, fault, Command(run)), fault, mayBeHarmless: true);
            bool isRun = File.Exists(Path.Combine(run, "config.yaml"));
            (int code, _, string errors) = Run(isRun ? ["train", "--out", run, "--resume", "--plain"] : Command(run));
            Assert.That(code, Is.Zero, $"{fault}: {errors}");
            RequireSameRun(run, whole, fault);
            Directory.Delete(run, recursive: true);
        }
    }

    [Test]
    public void A_disk_that_cannot_keep_what_is_written_is_no_success([Values("EIO", "ENOSPC", "EDQUOT")] string kind)
    {
        string run = PathOf($"sync-{kind}");
        (int code, _, string errors) = process.Run(
            run,
            new Fault(kind, At: 1, Calls: "fsync", Length: 0),
            TrainCommand(Data, run, "--steps", "1")
        );
        Assert.That(code, Is.EqualTo(ExitCode.BadData), errors);
        Assert.That(errors, Does.Contain("could not be flushed to the disk"));
    }

    [Test]
    public void A_copy_that_is_killed_or_fails_ends_as_if_undisturbed()
    {
        string[] Command(string copy) => ["preprocess", "--data", Data, "--out", copy, "--spacing", "12,12,10", "--threads", "1"];
        string whole = PathOf("whole-copy");
        Assert.That(process.Run(whole, Fault.None, Command(whole)).Code, Is.Zero);
        foreach (Fault fault in Spread(process.Operations))
        {
            string copy = PathOf($"copy-{fault.Kind}-{fault.At}");
            RequireFailure(process.Run(copy, fault, Command(copy)), fault, mayBeHarmless: false);
            (int code, _, string errors) = Run(Command(copy));
            Assert.That(code, Is.Zero, $"{fault}: {errors}");
            RequireSameFiles(copy, whole, "*", fault);
            Directory.Delete(copy, recursive: true);
        }
    }

    /// <summary>Faults at operations from the first to the last, of each kind in turn.</summary>
    private static IEnumerable<Fault> Spread(long operations) =>
        Enumerable
            .Range(0, Count)
            .Select(i => new Fault(Kinds[i % Kinds.Length], 1 + (operations * ((2 * i) + 1) / (2 * Count))));

    /// <param name="mayBeHarmless">A picture that cannot be written, or a folder that cannot be cleared away, stops no
    /// training.</param>
    private static void RequireFailure((int Code, string Output, string Errors) result, Fault fault, bool mayBeHarmless)
    {
        if (fault.Kind == "KILL")
            Assert.That(result.Code, Is.EqualTo(Killed), $"{fault}: {result.Errors}");
        else if (result.Code != 0 || !mayBeHarmless)
            RequireOneLine(result, ExitCode.BadData);
    }

    private static void RequireSameRun(string run, string whole, Fault fault)
    {
        RequireSameFiles(Path.Combine(run, "checkpoints"), Path.Combine(whole, "checkpoints"), "*", fault);
        Assert.That(Metrics(run), Is.EqualTo(Metrics(whole)), fault.ToString());
    }

    private static void RequireSameFiles(string folder, string expected, string pattern, Fault fault)
    {
        static string[] Names(string root, string pattern) =>
            [
                .. Directory
                    .GetFiles(root, pattern, SearchOption.AllDirectories)
                    .Select(file => Path.GetRelativePath(root, file))
                    .Where(name => !Path.GetFileName(name).StartsWith('.'))
                    .Order(StringComparer.Ordinal),
            ];
        Assert.That(Names(folder, pattern), Is.EqualTo(Names(expected, pattern)), fault.ToString());
        foreach (string name in Names(expected, pattern))
            Assert.That(
                File.ReadAllBytes(Path.Combine(folder, name))
                    .AsSpan()
                    .SequenceEqual(File.ReadAllBytes(Path.Combine(expected, name))),
                $"{fault}: {name}"
            );
    }

    /// <summary>metrics.csv without its times.</summary>
    private static string[] Metrics(string run) =>
        [
            .. File.ReadAllLines(Path.Combine(run, "metrics.csv"))
                .Where(line => !line.Contains(",time/", StringComparison.Ordinal)),
        ];
}
