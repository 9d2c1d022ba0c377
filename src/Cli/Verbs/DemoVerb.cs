using CommandLine;
using UnpairedSegEngine.Cli.Options;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("demo", HelpText = "Generate phantoms, train on them and evaluate: the whole method on built-in data in a few minutes.")]
internal sealed class DemoVerb : DeviceVerb
{
    private const int Size = 96;

    // A learning rate that falls over the demo's steps as the paper's does over its own.
    private static readonly string[] Settings =
    [
        "network.channels=4",
        "network.dropout_keep=1",
        "augmentation.enabled=false",
        $"data.size={Size}",
        "data.foreground_fraction=0.8",
        "optimizer.learning_rate=0.002",
        "optimizer.decay_factor=0.9",
        "optimizer.decay_every=95",
        "training.batch=4",
        "training.validate_every=400",
        "training.save_every=400",
        "training.log_every=20",
    ];

    [Option("out", Default = "runs/demo", HelpText = "Folder for the phantoms and the run; must be new or empty.")]
    public string Out { get; init; } = "";

    [Option("steps", Default = 1900, HelpText = "Training steps.")]
    [AtLeast(1)]
    public int Steps { get; init; }

    [Option("seed", Default = 1UL, HelpText = "Seed of phantoms and training.")]
    public ulong Seed { get; init; }

    public override int Run(string[] arguments)
    {
        string data = Path.Combine(Out, "phantoms"),
            run = Path.Combine(Out, "run");
        new PhantomVerb
        {
            Out = data,
            Train = 40,
            Val = 2,
            Test = 4,
            Size = Size,
            Slices = 20,
            Seed = Seed,
        }.Run(arguments);
        int code = new TrainVerb
        {
            GivenDevice = GivenDevice,
            GivenPrecision = GivenPrecision,
            Exact = Exact,
            Data = data,
            Out = run,
            Set = [.. Settings, $"training.steps={Steps}", $"training.seed={Seed}"],
        }.Run(arguments);
        return code != ExitCode.Ok
            ? code
            : new EvaluateVerb
            {
                GivenDevice = GivenDevice,
                GivenPrecision = GivenPrecision,
                Exact = Exact,
                RunPath = run,
                Data = data,
                Split = SplitPart.Test,
                Json = Path.Combine(Out, "evaluation.json"),
                Last = true,
            }.Run(arguments);
    }
}
