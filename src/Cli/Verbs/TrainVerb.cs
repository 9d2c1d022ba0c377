using System.Globalization;
using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Runs;
using UnpairedSegEngine.Segmentation.Training;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("train", HelpText = "Train a network on a dataset of several modalities.")]
internal sealed class TrainVerb : DeviceVerb
{
    [Option("data", Required = true, HelpText = "Dataset folder: nnU-Net v2 raw layout with a 'domains' key in dataset.json, or TFRecords of slices as the authors released them.")]
    public string Data { get; init; } = "";

    [Option("out", Required = true, HelpText = "Run folder: configuration, logs, checkpoints and pictures.")]
    public string Out { get; init; } = "";

    [Option("config", HelpText = "YAML file with settings (docs/configuration.md), or a preset: paper-cardiac-2d, paper-abdomen-3d.")]
    public string? Config { get; init; }

    [Option("set", HelpText = "Settings that overrule the file: key.path=value ...")]
    public IEnumerable<string> Set { get; init; } = [];

    [Option("network", HelpText = "dilated2d or unet3d.")]
    public string? Network { get; init; }

    [Option("scheme", HelpText = "What the modalities share: individual, joint, joint-norm, y-shape, x-shape or ummkd.")]
    public string? Scheme { get; init; }

    [Option("fold", Default = 0, HelpText = "Which split of splits_final.json.")]
    public int Fold { get; init; }

    [Option("steps", HelpText = "Training steps.")]
    public string? Steps { get; init; }

    [Option("batch", HelpText = "Samples per modality and step.")]
    public string? Batch { get; init; }

    [Option("size", HelpText = "Height and width of the network's slices, a multiple of 8.")]
    public string? Size { get; init; }

    [Option("channels", HelpText = "Channels of the first group (F), even.")]
    public string? Channels { get; init; }

    [Option("seed", HelpText = "Seed of weights, samples, augmentation and dropout.")]
    public string? Seed { get; init; }

    [Option("threads", HelpText = "Threads; 0 for all cores. Results do not depend on it.")]
    public string? Threads { get; init; }

    [Option("resume", HelpText = "Go on from the newest checkpoint in --out, with the configuration stored there.")]
    public bool Resume { get; init; }

    [Option("plain", HelpText = "Progress as plain lines even on a terminal.")]
    public bool Plain { get; init; }

    public override int Run(string[] arguments)
    {
        RunFolder? earlier = Resume ? OpenEarlier() : null;
        TrainingConfig config = earlier?.Config ?? ConfigLoader.Load(Config, Set, Flags());
        (ModelDescription model, Func<int, TrainingSession> load) = OpenData(config, earlier);
        if (earlier is null)
            RunFolder.RequireUnused(Out);
        int threads = config.Training.Threads == 0 ? Environment.ProcessorCount : config.Training.Threads;
        using OpenedBackend opened = OpenBackend(threads);
        TrainingSession session = load(threads);

        // After all that may be refused: a wrong device or a bad case leaves no folder behind.
        RunFolder run = earlier ?? CreateRun(config, model, arguments);
        using var stop = new StopSignal();
        TrainingOutcome? outcome = null;
        TrainingProgress.Run(view => outcome = session.Train(run, opened.Backend, view, stop.Token), Plain);

        TrainingState state = outcome!.State;
        Console.WriteLine(outcome.Interrupted
            ? $"stopped after step {state.Step}; continue with: unpairedseg train --data {Data} --out {Out} --resume"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"done: {state.Step} steps, best validation Dice {state.BestDice:F3} at step {state.BestStep}; next: unpairedseg evaluate --run {Out} --data {Data}"));
        return outcome.Interrupted ? ExitCode.Interrupted : ExitCode.Ok;
    }

    /// <summary>The description of the model, and how its data is read.</summary>
    private (ModelDescription Model, Func<int, TrainingSession> Load) OpenData(TrainingConfig config, RunFolder? earlier)
    {
        if (TfRecordDataset.Exists(Data))
        {
            TfRecordDataset records = TfRecordDataset.Open(Data);
            ModelDescription described = records.Describe();
            return (described, _ => TrainingSession.OnRecords(records, config, described));
        }

        SegmentationDataset dataset = SegmentationDataset.Open(Data);
        DatasetSplit split = dataset.Split(Fold);
        ModelDescription model = earlier is null ? ModelDescription.Of(config, dataset) : ModelDescription.Read(earlier.Path);
        return (model, threads => TrainingSession.OnVolumes(dataset, split, config, model, threads));
    }

    private RunFolder OpenEarlier()
        => Flags().Any() || Set.Any() || Config is not null
            ? throw new UsageException("--resume continues with the configuration stored in --out; leave out --config, --set and the flags that change it")
            : RunFolder.Open(Out);

    private RunFolder CreateRun(TrainingConfig config, ModelDescription model, string[] arguments)
    {
        RunFolder run = RunFolder.Create(Out, config, RunInfo.OfThisProcess(arguments));
        model.Write(run.Path);
        return run;
    }

    private IEnumerable<ConfigSetting> Flags()
    {
        (string? Value, string Path, string Flag)[] flags =
        [
            (Network, "network.name", "--network"), (Scheme, "scheme", "--scheme"), (Steps, "training.steps", "--steps"), (Batch, "training.batch", "--batch"),
            (Size, "data.size", "--size"), (Channels, "network.channels", "--channels"), (Seed, "training.seed", "--seed"), (Threads, "training.threads", "--threads"),
        ];
        return flags.Where(flag => flag.Value is not null).Select(flag => new ConfigSetting(flag.Path, flag.Value!, flag.Flag));
    }
}
