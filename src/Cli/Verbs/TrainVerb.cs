using System.Diagnostics;
using System.Globalization;
using CommandLine;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Bench.Planning;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Cli.Options;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Progress;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Runs.Transfer;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Cli.Verbs;

[Verb("train", HelpText = "Train a network on a dataset of several modalities, or of images with labels.")]
internal sealed class TrainVerb : DeviceVerb
{
    /// <summary>A timer knows no more than 49 days.</summary>
    private const double MostHours = 1000;

    [Option(
        "data",
        HelpText = "Dataset folder: nnU-Net v2 raw layout with a 'domains' key in dataset.json, or TFRecords of slices "
            + "as the authors released them; for methods on images PNG files with labels, IDX or CIFAR files. With --resume only "
            + "if it was moved."
    )]
    public string? Data { get; init; }

    [Option("out", Required = true, HelpText = "Run folder: configuration, logs, checkpoints and pictures.")]
    public string Out { get; init; } = "";

    [Option(
        "config",
        HelpText = "YAML file with settings (docs/configuration.md), or a preset (config --presets lists them). Without it, and "
            + "without options of what a plan decides, settings are planned from the volumes (docs/plan.md)."
    )]
    public string? Config { get; init; }

    [Option("set", HelpText = "Settings that overrule the file: key.path=value ...")]
    public IEnumerable<string> Set { get; init; } = [];

    [Option("memory", HelpText = PlanVerb.MemoryHelp)]
    public string? Memory { get; init; }

    [Option("method", HelpText = "Training method, ummkd if not given; config --methods lists them.")]
    public string? Method { get; init; }

    [Option("network", HelpText = "dilated2d or unet3d.")]
    public string? Network { get; init; }

    [Option("scheme", HelpText = "What the modalities share: individual, joint, joint-norm, y-shape, x-shape or ummkd.")]
    public string? Scheme { get; init; }

    [Option("fold", HelpText = "Which split of splits_final.json, 0 if not given.")]
    [AtLeast(0)]
    public int? Fold { get; init; }

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

    [Option(
        "resume",
        HelpText = "Go on from the newest checkpoint in --out, with the settings, data, fold and device stored there: "
            + "the same bits as without an interruption."
    )]
    public bool Resume { get; init; }

    [Option(
        "from",
        HelpText = "With --resume: go back to this checkpoint (a step, or last), delete what came behind it, and go on "
            + "with what --set and other options change."
    )]
    public string? From { get; init; }

    [Option(
        "init",
        HelpText = "Begin a new run with the weights of another one (its best checkpoint) or of a .safetensors file, by name and "
            + "shape; also with other classes, channels or modalities. The run folder keeps them."
    )]
    public string? Init { get; init; }

    [Option(
        "init-modality",
        HelpText = "With --init: which modality's normalization a modality begins with, MR=CT ...; by name where not given, then "
            + "the first of the other model."
    )]
    public IEnumerable<string> InitModality { get; init; } = [];

    [Option(
        "max-hours",
        HelpText = "Stop with a checkpoint when this command has run so long, as by Ctrl-C: --resume goes on, with the same bits. "
            + "Where settings are planned, steps are planned for so long."
    )]
    [AtLeast(0)]
    public double? MaxHours { get; init; }

    [Option("plain", HelpText = "Progress as plain lines even on a terminal.")]
    public bool Plain { get; init; }

    [Option("quiet", HelpText = "Warnings and the end only; the run's records have the rest.")]
    public bool Quiet { get; init; }

    [Option(
        "dry-run",
        HelpText = "Read configuration and data, check all that can be refused, say what would be trained, and write nothing."
    )]
    public bool DryRun { get; init; }

    public override int Run(string[] arguments)
    {
        long started = Stopwatch.GetTimestamp();
        RequireHours();
        (TransferSource? source, IReadOnlyDictionary<string, string> starts) = OpenInit();
        RunContinuation? earlier = Resume ? OpenEarlier() : null;
        Arithmetic arithmetic = ArithmeticLike(earlier?.Recorded?.Arithmetic);
        TrainingPlan? plan = earlier is null && IsPlanned ? PlanFor(Data!) : null;
        TrainingConfig config = Resolved(
            earlier?.Config
                ?? arithmetic.Place(ConfigBuilder.Build([.. Given(plan), .. Set.Select(ConfigSetting.Parse), .. Flags()]))
        );
        string folder = DataFolder(earlier);
        (Action<string> describe, Func<int, TrainingSession> load) = OpenData(folder, config, earlier, arithmetic);
        if (earlier is null)
            RunFolder.RequireUnused(Out);
        int threads = config.Training.Threads == 0 ? Environment.ProcessorCount : config.Training.Threads;
        using OpenedBackend opened = OpenBackend(threads, earlier?.Recorded?.Arithmetic);
        TrainingSession session = load(threads);
        earlier?.Require(session.Data, arithmetic);
        WeightTransfer? transfer = session.Prepare(config, opened.Backend, source, starts);
        StepMemory memory = session.MemoryOf(config);
        memory.Require(MemoryLimit.Of(Memory), opened.Backend.Device, config);

        if (DryRun)
        {
            foreach (string line in transfer?.Report.Lines ?? [])
                Console.WriteLine(line);
            Console.WriteLine(WouldTrain(config, opened.Backend, session.Data));
            return ExitCode.Ok;
        }

        // After all that may be refused: a wrong device or a bad case leaves no folder behind, and an earlier run as it was.
        var provenance = new RunProvenance(session.Data, arithmetic.On(opened.Backend), RunSettings.Of(config), []);
        RunFolder run =
            earlier?.Begin(provenance, arguments)
            ?? CreateRun(config, describe + Beginning(transfer) + Record(plan), provenance, arguments);
        using var stop = new StopSignal();
        if (MaxHours is { } hours)
            stop.StopAfter(TimeSpan.FromHours(hours) - Stopwatch.GetElapsedTime(started));
        TrainingOutcome? outcome = null;
        TrainingProgress.Run(
            view =>
            {
                foreach (string note in earlier?.NotesOn(provenance) ?? [])
                    view.Note(note);
                foreach (string line in transfer?.Report.Lines ?? [])
                    view.Note(line);
                view.Note(memory.ToString());
                outcome = session.Train(run, opened.Backend, view, stop.Token);
            },
            Quiet ? ProgressStyle.Quiet
                : Plain ? ProgressStyle.Plain
                : ProgressStyle.Automatic
        );
        Console.WriteLine(Summary(outcome!, session, folder, stop.IsTimeUp));
        return outcome!.Interrupted ? ExitCode.Interrupted : ExitCode.Ok;
    }

    private static string WouldTrain(TrainingConfig config, Backend backend, DataIdentity data) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"dry run: {config.Method.Name} would train {config.Training.Steps:N0} steps on {backend.Description}, with "
                + $"{data.Split.Train.Count} cases of {string.Join(" and ", data.Modalities)} ({data.Split.Validation.Count} to validate) "
                + $"and {data.Classes.Count} classes; nothing was written"
        );

    /// <summary>How it ended, and the command that comes next.</summary>
    private string Summary(TrainingOutcome outcome, TrainingSession session, string folder, bool isTimeUp)
    {
        TrainingState state = outcome.State;
        if (outcome.Interrupted)
            return $"stopped after step {state.Step}{(isTimeUp ? ", as --max-hours says" : "")}; continue with: {CommandText.Of("train", "--data", folder, "--out", Out, "--resume")}";
        string next =
            session.ValidationCases > 0
                ? CommandText.Of("evaluate", "--run", Out, "--data", folder)
                : CommandText.Of(
                    "predict",
                    "--run",
                    Out,
                    "--modality",
                    session.Data.Modalities[0],
                    "--in",
                    "VOLUMES",
                    "--out",
                    "LABELS"
                );
        string early = state.Ended is null ? "" : ", ended early";
        return state.BestStep > 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"done: {state.Step} steps{early}, best validation {NameOf(state.Best)} {state.Best?.Value ?? 0:F3} at step {state.BestStep}; next: {next}"
            )
            : $"done: {state.Step} steps{early}, nothing was validated "
                + $"({(session.ValidationCases > 0 ? "training.validate_every is 0" : "the split has no validation case")}); "
                + $"next: {next}";
    }

    private static string NameOf(Score? score) =>
        score is null or { Name: Score.MeanDice } ? "Dice" : score.Name.Replace('_', ' ');

    private void RequireHours()
    {
        if (MaxHours is { } hours && hours is <= 0 or > MostHours)
            throw new UsageException(
                string.Create(CultureInfo.InvariantCulture, $"--max-hours is {hours}, expected above 0 to {MostHours}")
            );
    }

    /// <summary>Weights to begin with, and for which modality of which.</summary>
    private (TransferSource? Source, IReadOnlyDictionary<string, string> Starts) OpenInit()
    {
        var starts = new Dictionary<string, string>();
        foreach (string text in InitModality)
        {
            if (text.Split('=') is not [{ Length: > 0 } modality, { Length: > 0 } start])
                throw new UsageException($"--init-modality '{text}': expected MODALITY=MODALITY, such as MR=CT");
            if (!starts.TryAdd(modality, start))
                throw new UsageException($"--init-modality: '{modality}' is named twice");
        }

        if (Init is null)
            return starts.Count == 0 ? (null, starts) : throw new UsageException("--init-modality says nothing without --init");
        return Resume
            ? throw new UsageException("--init is for a new run; a run that goes on has its weights: leave it out, or --resume")
            : (TransferSource.Open(Init, Console.Error.WriteLine), starts);
    }

    /// <summary>
    /// Whether nothing says how to train: no file, no earlier weights, no other method, and none of the keys that a plan decides.
    /// Volumes in nnU-Net's layout can be planned for.
    /// </summary>
    private bool IsPlanned =>
        (Config, Init, Data) is (null, null, { } data)
        && File.Exists(Path.Combine(data, DatasetManifest.FileName))
        && Set.Select(ConfigSetting.Parse)
            .Concat(Flags())
            .All(setting => !Planner.Decides(setting.Path) && setting.Path is not ("method.name" or "method.task" or "compat"));

    private TrainingPlan PlanFor(string data)
    {
        RunFolder.RequireUnused(Out);
        Console.WriteLine(
            "no --config: settings are planned from the data (docs/plan.md; 'unpairedseg plan' shows and writes them without training)"
        );
        var dataset = SegmentationDataset.Open(data);
        int threads =
            int.TryParse(Threads, CultureInfo.InvariantCulture, out int given) && given > 0 ? given : Environment.ProcessorCount;
        using OpenedBackend opened = OpenBackend(threads);
        TrainingPlan plan = PlanVerb.Make(
            dataset,
            dataset.Split(Fold ?? 0).Train,
            new PlanBudget(MaxHours ?? PlanVerb.DefaultHours, MemoryLimit.Of(Memory), opened.Backend.Device.IsHost),
            opened.Backend,
            threads
        );
        PlanText.WriteSettings(plan);
        return plan;
    }

    private IReadOnlyList<ConfigSetting> Given(TrainingPlan? plan) =>
        plan?.ConfigSettings ?? (Config is null ? [] : ConfigFile.Read(Config));

    private static Action<string> Record(TrainingPlan? plan) =>
        folder =>
        {
            if (plan is not null)
                AtomicFile.WriteText(Path.Combine(folder, PlanVerb.FileName), plan.Write);
        };

    private static Action<string> Beginning(WeightTransfer? transfer) => path => transfer?.Report.Write(path, transfer.Weights);

    private string DataFolder(RunContinuation? earlier)
    {
        if (Data is not null)
            return Data;
        string recorded =
            earlier?.Recorded?.Data.Folder
            ?? throw new UsageException(
                earlier is null
                    ? "train needs --data, the dataset's folder"
                    : $"'{Out}' does not say which data it was begun with: add --data"
            );
        return Directory.Exists(recorded)
            ? recorded
            : throw new InvalidDataException(
                $"'{recorded}', the data of the run '{Out}', is not there; say where it is with --data"
            );
    }

    /// <summary>
    /// What writes the description of the model to a run folder, and how its data is read. What can be compared before volumes
    /// are
    /// read is compared here.
    /// </summary>
    private (Action<string> Describe, Func<int, TrainingSession> Load) OpenData(
        string folder,
        TrainingConfig config,
        RunContinuation? earlier,
        Arithmetic arithmetic
    ) =>
        config.Method.Task switch
        {
            TrainingTask.Volumes => OpenVolumes(folder, config, earlier, arithmetic),
            TrainingTask.Images => OpenImages(folder, config, earlier),
            _ => throw new InvalidOperationException($"no task {config.Method.Task}"),
        };

    private (Action<string> Describe, Func<int, TrainingSession> Load) OpenImages(
        string folder,
        TrainingConfig config,
        RunContinuation? earlier
    )
    {
        if (Fold is not null)
            throw new UsageException("--fold is for volumes; images have one split");
        (TrainingSession session, ClassifierDescription model) = TrainingSession.OnImages(
            ImageDataset.Open(folder),
            config,
            earlier is null ? null : ClassifierDescription.Read(earlier.RunPath)
        );
        return (model.Write, _ => session);
    }

    private (Action<string> Describe, Func<int, TrainingSession> Load) OpenVolumes(
        string folder,
        TrainingConfig config,
        RunContinuation? earlier,
        Arithmetic arithmetic
    )
    {
        if (TfRecordDataset.Exists(folder))
        {
            TfRecordDataset records = TfRecordDataset.Open(folder);
            ModelDescription described = ModelDescriptions.Of(config, records);
            return (described.Write, _ => TrainingSession.OnRecords(records, config, described));
        }

        SegmentationDataset dataset = SegmentationDataset.Open(folder);
        int fold = Fold ?? earlier?.Recorded?.Data.Split.Fold ?? 0;
        DatasetSplit split = dataset.Split(fold).Limit(config.Data.MostCases);
        earlier?.Require(DataIdentity.Of(dataset, fold, split), arithmetic);
        ModelDescription model = earlier is null ? ModelDescriptions.Of(config, dataset) : earlier.ReadModel();
        return (model.Write, threads => TrainingSession.OnVolumes(dataset, fold, split, config, model, threads));
    }

    private static TrainingConfig Resolved(TrainingConfig config) => config.Definition.Resolve(config);

    private RunContinuation OpenEarlier() =>
        Config is not null
            ? throw new UsageException(
                "--resume continues with the configuration stored in --out; leave out --config, or change single "
                    + "settings with --from STEP --set ..."
            )
            : RunContinuation.Open(Out, From, [.. Set.Select(ConfigSetting.Parse), .. Flags()]);

    private RunFolder CreateRun(TrainingConfig config, Action<string> describe, RunProvenance provenance, string[] arguments) =>
        RunFolder.Create(
            Out,
            config,
            RunInfo.OfThisProcess(arguments),
            path =>
            {
                describe(path);
                provenance.Write(path);
            }
        );

    private IEnumerable<ConfigSetting> Flags()
    {
        (string? Value, string Path, string Flag)[] flags =
        [
            (Method, "method.name", "--method"),
            (Network, "network.name", "--network"),
            (Scheme, "scheme", "--scheme"),
            (Steps, "training.steps", "--steps"),
            (Batch, "training.batch", "--batch"),
            (Size, "data.size", "--size"),
            (Channels, "network.channels", "--channels"),
            (Seed, "training.seed", "--seed"),
            (Threads, "training.threads", "--threads"),
        ];
        return flags.Where(flag => flag.Value is not null).Select(flag => new ConfigSetting(flag.Path, flag.Value!, flag.Flag));
    }
}
