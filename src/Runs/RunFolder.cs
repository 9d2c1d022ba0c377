using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Runs.Transfer;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Runs;

/// <summary>
/// The folder of a training run: config.yaml (resolved), run.json (program, machine, command line), model.json,
/// provenance.json (what it was made from), metrics.jsonl, metrics.csv, a TensorBoard event file, checkpoints/ and pictures/.
/// </summary>
public sealed class RunFolder
{
    /// <summary>Name of the configuration in a run folder.</summary>
    public const string ConfigName = "config.yaml";

    private const string InfoName = "run.json";
    private const string CheckpointsName = TrainedModel.CheckpointsName;
    private const string PicturesName = "pictures";

    private RunFolder(string path, TrainingConfig config)
    {
        Path = path;
        Config = config;
    }

    public string Path { get; }

    /// <summary>The configuration that the run computes.</summary>
    public TrainingConfig Config { get; }

    /// <summary>Where the run's results come from; null where that was not written down.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public RunInfo? Info => File.Exists(PathOf(InfoName)) ? JsonFile.Read(PathOf(InfoName), RunJson.Default.RunInfo) : null;

    public string CheckpointsPath => PathOf(CheckpointsName);

    public string PicturesPath => PathOf(PicturesName);

    /// <summary>Loss and Dice curves.</summary>
    public string PlotPath => System.IO.Path.Combine(PicturesPath, "training.png");

    public string MetricsJsonPath => PathOf("metrics.jsonl");

    public string MetricsCsvPath => PathOf("metrics.csv");

    /// <summary>Makes the folder of a new run.</summary>
    /// <param name="path">Absent, empty, or with what a process left that ended before there was a run.</param>
    /// <param name="config">What the run computes.</param>
    /// <param name="info">Where its results come from.</param>
    /// <param name="describe">Writes more files. The configuration is the last file of all: without it the folder holds no
    /// run.</param>
    /// <exception cref="InvalidDataException">There is something in the folder already.</exception>
    /// <exception cref="IOException">Another process is making a run there.</exception>
    public static RunFolder Create(string path, TrainingConfig config, RunInfo info, Action<string>? describe = null)
    {
        RequireUnused(path);
        Directory.CreateDirectory(path);
        using FolderLock held = FolderLock.Take(path);
        RequireUnused(path);
        var folder = new RunFolder(path, config);
        Directory.CreateDirectory(folder.CheckpointsPath);
        Directory.CreateDirectory(folder.PicturesPath);
        JsonFile.Write(folder.PathOf(InfoName), info, RunJson.Default.RunInfo);
        describe?.Invoke(path);
        folder.WriteConfig();
        return folder;
    }

    /// <summary>Checks that a new run may be written there, without writing anything.</summary>
    /// <exception cref="InvalidDataException">It is a file, or there is something in the folder already.</exception>
    public static void RequireUnused(string path)
    {
        if (File.Exists(path))
            throw new InvalidDataException($"'{path}': is a file, expected a folder for the run");
        if (Directory.Exists(path) && !Directory.EnumerateFileSystemEntries(path).All(IsLeftover))
            throw new InvalidDataException(
                $"'{path}': exists and is not empty; resume that run with --resume or choose another --out"
            );
    }

    /// <summary>Whether a folder holds a run.</summary>
    public static bool Exists(string path) => File.Exists(System.IO.Path.Combine(path, ConfigName));

    /// <summary>Opens the folder of an earlier run, to resume or to evaluate it.</summary>
    /// <exception cref="InvalidDataException">It is no run folder, or its configuration is damaged.</exception>
    public static RunFolder Open(string path)
    {
        string config = System.IO.Path.Combine(path, ConfigName);
        return File.Exists(config)
            ? new RunFolder(path, ConfigLoader.LoadRecorded(config))
            : throw new InvalidDataException($"'{path}': no run folder: it has no {ConfigName}");
    }

    /// <summary>
    /// The model that the run trains; where an earlier version did not write down the network, that of the configuration.
    /// </summary>
    /// <exception cref="InvalidDataException">The file is missing, damaged, or describes no model.</exception>
    public ModelDescription ReadModel()
    {
        var model = ModelDescription.Read(Path);
        return model.Network is null ? model with { Network = Config.Definition.NetworkOf(Config) } : model;
    }

    /// <summary>The configuration of config.yaml with other settings on top.</summary>
    /// <exception cref="ArgumentException">One of them is unknown or has a bad value.</exception>
    public TrainingConfig ConfigWith(IReadOnlyList<ConfigSetting> changes) =>
        changes.Count == 0 ? Config : ConfigLoader.LoadRecorded(PathOf(ConfigName), changes);

    /// <summary>The same run, computing something else from now on.</summary>
    public RunFolder Reconfigure(TrainingConfig config)
    {
        var changed = new RunFolder(Path, config);
        changed.WriteConfig();
        return changed;
    }

    private void WriteConfig() => AtomicFile.WriteText(PathOf(ConfigName), writer => ConfigFile.Write(writer, Config));

    /// <summary>What a process leaves that ends while it makes the folder.</summary>
    private static bool IsLeftover(string entry)
    {
        string name = System.IO.Path.GetFileName(entry);
        return Directory.Exists(entry)
            ? name is CheckpointsName or PicturesName && !Directory.EnumerateFileSystemEntries(entry).Any()
            : name
                is FolderLock.FileName
                    or InfoName
                    or ModelDescription.FileName
                    or RunProvenance.FileName
                    or InitialWeights.FileName
                    or InitialWeights.WeightsName
                || name.StartsWith(AtomicFile.TemporaryPrefix, StringComparison.Ordinal);
    }

    private string PathOf(string name) => System.IO.Path.Combine(Path, name);
}
