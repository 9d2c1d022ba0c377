using System.Globalization;

namespace UnpairedSegEngine.Fuzz;

/// <summary>Throws mutated inputs at one parser. What is tried follows from the seed of the random numbers alone.</summary>
/// <param name="target">The parser.</param>
/// <param name="seed">Of the random numbers.</param>
internal sealed class FuzzRun(FuzzTarget target, int seed)
{
    /// <summary>An input that takes longer, by the clock on the wall, is held to be endless.</summary>
    public static readonly TimeSpan Endless = TimeSpan.FromSeconds(60);

    private const int MostSeeds = 500;

    private readonly Dictionary<string, (byte[] Input, Outcome Outcome)> faults = [];
    private readonly Dictionary<string, int> kinds = [];
    private byte[] current = [];
    private long started;

    public int Executions { get; private set; }

    public int Accepted { get; private set; }

    public long MostBytes { get; private set; }

    public TimeSpan MostTime { get; private set; }

    /// <summary>The first input of each kind of fault.</summary>
    public IReadOnlyDictionary<string, (byte[] Input, Outcome Outcome)> Faults => faults;

    /// <summary>Tries that many inputs, or until an endless one.</summary>
    public void Run(int executions)
    {
        var work = new Thread(() => Loop(executions)) { IsBackground = true };
        Volatile.Write(ref started, Environment.TickCount64);
        work.Start();
        while (!work.Join(TimeSpan.FromMilliseconds(200)))
        {
            if (Environment.TickCount64 - Volatile.Read(ref started) <= Endless.TotalMilliseconds)
                continue;
            faults["endless"] = (current, new Outcome("endless", "", "endless", 0, Endless));
            return;
        }
    }

    public override string ToString() =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{target.Name, -14} {Executions, 9} executions, {Accepted, 8} accepted, {kinds.Count, 4} kinds of outcome, "
                + $"at most {MostBytes / 1024.0 / 1024:F1} MiB and {MostTime.TotalMilliseconds:F0} ms, {faults.Count} kinds of "
                + $"fault"
        );

    private void Loop(int executions)
    {
        using var folder = new ScratchFolder();
        target.Prepare(folder.Path);
        var mutator = new Mutator(new System.Random(seed));
        List<byte[]> seeds = [.. target.Seeds];
        for (int i = 0; i < executions; i++)
        {
            byte[] input = i < target.Seeds.Count ? seeds[i] : target.Mutate(mutator.Of(seeds), mutator);
            current = input;
            Volatile.Write(ref started, Environment.TickCount64);
            Outcome outcome = Outcome.Of(target, input, folder.Path);
            Record(input, outcome);

            // An input with a new kind of outcome got somewhere: others start from it.
            if (kinds[outcome.Signature] == 1 && seeds.Count < MostSeeds && outcome.Fault is null)
                seeds.Add(input);
        }
    }

    private void Record(byte[] input, Outcome outcome)
    {
        Executions++;
        Accepted += outcome.Signature == "accepted" ? 1 : 0;
        MostBytes = Math.Max(MostBytes, outcome.Bytes);
        MostTime = outcome.Time > MostTime ? outcome.Time : MostTime;
        kinds[outcome.Signature] = kinds.GetValueOrDefault(outcome.Signature) + 1;
        if (outcome.Fault is not null)
            faults.TryAdd(outcome.Signature, (input, outcome));
    }
}
