using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>Runs of a few steps on a few phantoms.</summary>
internal sealed class TinyRuns : IDisposable
{
    public const int Steps = 8;

    private readonly SegmentationDataset dataset;

    public TinyRuns()
    {
        string data = PathOf("data");
        PhantomDataset.Write(
            data,
            new PhantomDatasetOptions
            {
                Training = 2,
                Validation = 1,
                Test = 1,
                Size = 32,
                Slices = 6,
            },
            null,
            CancellationToken.None
        );
        dataset = SegmentationDataset.Open(data);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("tiny-runs-").FullName;

    public string PathOf(params string[] names) => Path.Combine([Folder, .. names]);

    /// <summary>Step and values of each record but the times.</summary>
    public string[][] RecordsOf(string name) =>
        [
            .. MetricsLog
                .Read(RunFolder.Open(PathOf(name)))
                .Select(record =>
                    (string[])
                        [
                            $"step {record.Step}",
                            .. record
                                .Values.Where(v => !v.Key.StartsWith("time/", StringComparison.Ordinal))
                                .Select(v => $"{v.Key} {v.Value:R}"),
                        ]
                ),
        ];

    /// <summary>Weights, moments and state after the last step.</summary>
    public byte[][] EndOf(string name) =>
        [
            .. new[] { "weights.safetensors", "optimizer.safetensors", "state.json" }.Select(file =>
                File.ReadAllBytes(PathOf(name, "checkpoints", $"step-{Steps:D8}", file))
            ),
        ];

    /// <summary>Trains a new or an earlier run, on two threads or, resumed, on one.</summary>
    /// <returns>The folder of the checkpoints.</returns>
    public string Train(
        string name,
        bool resume,
        long stopAfter = long.MaxValue,
        List<string>? notes = null,
        NetworkName network = NetworkName.Dilated2d,
        Func<IMemorySource, IMemorySource>? memory = null,
        params string[] sets
    )
    {
        RunFolder run = resume ? RunFolder.Open(PathOf(name)) : Create(PathOf(name), network, sets);
        ModelDescription model = run.ReadModel();
        DatasetSplit split = dataset.Split();
        CaseCache cache = CaseCache.Load(split.Train, dataset, model.Preprocessing, 1);
        using var stop = new CancellationTokenSource();
        using Device device = memory is null ? Device.OpenCpu() : Device.OpenCpu(memory);
        using var backend = new CpuBackend(device, resume ? 1 : 2);
        IProgressView view = new StoppingView(stopAfter, stop, notes);
        using VolumeMethod method = run.Config.Definition.Create(backend, run.Config, model);
        IVolumeSamples samples = SampleSources.Create(run.Config, cache.Cases, dataset.Modalities, model.Preprocessing.Shape);
        using var trainer = new Trainer(method, SampleSources.Vary(samples, run.Config), run.Config.Training)
        {
            Validation = new VolumeValidation(
                new ValidationSet(split.Validation, dataset, model.Preprocessing),
                () => new CasePredictor(backend, method.Network, model.Modalities.Count, model.Preprocessing.Shape),
                model.Classes
            ),
            Checkpoints = new CheckpointStore(
                run.CheckpointsPath,
                run.Config.Training.Keep,
                view.Note,
                required: TrainingCheckpoint.AllFiles
            ),
            Records = new RunRecords(run),
            Progress = view,
        };
        if (resume)
            trainer.Resume();
        TrainingOutcome outcome = trainer.Run(stop.Token);
        Assert.That(outcome.Interrupted, Is.EqualTo(stopAfter < Steps));
        return run.CheckpointsPath;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private RunFolder Create(string path, NetworkName network, string[] sets)
    {
        TrainingConfig config = ConfigLoader.Load(
            sets:
            [
                $"network.name={network.ToString().ToLowerInvariant()}",
                "network.channels=2",
                "data.size=32",
                "data.depth=8",
                $"training.steps={Steps}",
                "training.batch=2",
                "training.validate_every=4",
                "training.save_every=4",
                "training.log_every=1",
                .. sets,
            ]
        );
        return RunFolder.Create(path, config, RunInfo.OfThisProcess([]), ModelDescriptions.Of(config, dataset).Write);
    }
}
