using System.Text.Json;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Runs;

/// <summary>
/// The folder of a training run: config.yaml (resolved), run.json (program, machine, command line), metrics.jsonl,
/// metrics.csv, a TensorBoard event file, checkpoints/ and pictures/.
/// </summary>
public sealed class RunFolder
{
    private const string ConfigName = "config.yaml";

    private RunFolder(string path, TrainingConfig config)
    {
        Path = path;
        Config = config;
    }

    public string Path { get; }

    /// <summary>The configuration that the run computes.</summary>
    public TrainingConfig Config { get; }

    public string CheckpointsPath => PathOf("checkpoints");

    public string PicturesPath => PathOf("pictures");

    /// <summary>Loss and Dice curves.</summary>
    public string PlotPath => System.IO.Path.Combine(PicturesPath, "training.png");

    public string MetricsJsonPath => PathOf("metrics.jsonl");

    public string MetricsCsvPath => PathOf("metrics.csv");

    /// <summary>Makes the folder of a new run.</summary>
    /// <exception cref="InvalidDataException">There is something in the folder already.</exception>
    public static RunFolder Create(string path, TrainingConfig config, RunInfo info)
    {
        RequireUnused(path);
        var folder = new RunFolder(path, config);
        Directory.CreateDirectory(folder.CheckpointsPath);
        Directory.CreateDirectory(folder.PicturesPath);
        AtomicFile.Write(folder.PathOf("run.json"), stream => JsonSerializer.Serialize(stream, info, RunJson.Default.RunInfo));
        AtomicFile.Write(folder.PathOf(ConfigName), stream =>
        {
            using var writer = new StreamWriter(stream, leaveOpen: true);
            ConfigFile.Write(writer, config);
        });
        return folder;
    }

    /// <summary>Checks that a new run may be written there, without writing anything.</summary>
    /// <exception cref="InvalidDataException">It is a file, or there is something in the folder already.</exception>
    public static void RequireUnused(string path)
    {
        if (File.Exists(path))
            throw new InvalidDataException($"'{path}': is a file, expected a folder for the run");
        if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new InvalidDataException($"'{path}': exists and is not empty; resume that run with --resume or choose another --out");
    }

    /// <summary>Whether a folder holds a run.</summary>
    public static bool Exists(string path) => File.Exists(System.IO.Path.Combine(path, ConfigName));

    /// <summary>Opens the folder of an earlier run, to resume or to evaluate it.</summary>
    /// <exception cref="InvalidDataException">It is no run folder, or its configuration is damaged.</exception>
    public static RunFolder Open(string path)
    {
        string config = System.IO.Path.Combine(path, ConfigName);
        return File.Exists(config)
            ? new RunFolder(path, ConfigLoader.Load(config))
            : throw new InvalidDataException($"'{path}': no run folder: it has no {ConfigName}");
    }

    private string PathOf(string name) => System.IO.Path.Combine(Path, name);
}
