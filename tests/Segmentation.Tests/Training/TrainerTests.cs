using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Segmentation.Configuration;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Runs;
using UnpairedSegEngine.Segmentation.Training;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

internal sealed class TrainerTests
{
    private const int Steps = 8;

    private string folder = "";
    private SegmentationDataset dataset = null!;

    [OneTimeSetUp]
    public void WritePhantoms()
    {
        folder = Directory.CreateTempSubdirectory("trainer-tests-").FullName;
        string data = Path.Combine(folder, "data");
        PhantomDataset.Write(data, new PhantomDatasetOptions { Training = 2, Validation = 1, Test = 1, Size = 32, Slices = 6 }, null, CancellationToken.None);
        dataset = SegmentationDataset.Open(data);
    }

    [OneTimeTearDown]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [Test]
    public void A_run_that_was_stopped_and_resumed_ends_with_the_same_bits([Values] NetworkName network)
    {
        (string wholeRun, string partsRun) = ($"whole-{network}", $"parts-{network}");
        string whole = Train(wholeRun, resume: false, network: network);
        Train(partsRun, resume: false, stopAfter: 3, network: network);
        Assert.That(Directory.GetDirectories(Path.Combine(folder, partsRun, "checkpoints")).Select(Path.GetFileName), Does.Contain("step-00000003"));
        string parts = Train(partsRun, resume: true);

        foreach (string file in new[] { "weights.safetensors", "optimizer.safetensors", "state.json" })
        {
            byte[] expected = File.ReadAllBytes(Path.Combine(whole, $"step-{Steps:D8}", file));
            Assert.That(File.ReadAllBytes(Path.Combine(parts, $"step-{Steps:D8}", file)).AsSpan().SequenceEqual(expected), file);
        }

        Assert.That(RecordsOf(partsRun), Is.EqualTo(RecordsOf(wholeRun)));
    }

    [Test]
    public void A_damaged_newest_checkpoint_is_passed_over_with_a_warning()
    {
        Train("damaged", resume: false);
        string newest = Path.Combine(folder, "damaged", "checkpoints", $"step-{Steps:D8}", "weights.safetensors");
        using (FileStream file = File.OpenWrite(newest))
            file.SetLength(file.Length / 2);
        var notes = new List<string>();
        Train("damaged", resume: true, notes: notes);
        Assert.That(notes, Has.Some.Contains("weights.safetensors"));
    }

    [Test]
    public void Validation_scores_and_the_best_checkpoint_are_recorded()
    {
        string checkpoints = Train("scores", resume: false);
        Assert.That(Directory.GetDirectories(checkpoints, "best-*"), Has.Length.EqualTo(1));
        Assert.That(RecordsOf("scores").SelectMany(r => r), Has.Some.StartsWith("dice/CT/liver").And.Some.StartsWith("mean_dice"));
        Assert.That(File.Exists(Path.Combine(folder, "scores", "pictures", "training.png")));
    }

    /// <summary>Step and values of each record but the times.</summary>
    private string[][] RecordsOf(string name) => [.. MetricsLog.Read(RunFolder.Open(Path.Combine(folder, name))).Select(record => (string[])
        [$"step {record.Step}", .. record.Values.Where(v => !v.Key.StartsWith("time/", StringComparison.Ordinal)).Select(v => $"{v.Key} {v.Value:R}")])];

    /// <returns>The folder of the checkpoints.</returns>
    private string Train(string name, bool resume, long stopAfter = long.MaxValue, List<string>? notes = null, NetworkName network = NetworkName.Dilated2d)
    {
        string path = Path.Combine(folder, name);
        RunFolder run;
        if (resume)
        {
            run = RunFolder.Open(path);
        }
        else
        {
            TrainingConfig config = ConfigLoader.Load(sets:
            [
                $"network.name={network.ToString().ToLowerInvariant()}", "network.channels=2", "data.size=32", "data.depth=8", $"training.steps={Steps}", "training.batch=2", "training.validate_every=4", "training.save_every=4",
                "training.log_every=1",
            ]);
            run = RunFolder.Create(path, config, RunInfo.OfThisProcess([]));
            ModelDescription.Of(config, dataset).Write(path);
        }

        var model = ModelDescription.Read(path);
        DatasetSplit split = dataset.Split();
        CaseCache cache = CaseCache.Load(split.Train, dataset, model.Preprocessing, 1);
        using var stop = new CancellationTokenSource();
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, resume ? 1 : 2);
        using var trainer = new Trainer(
            run, model, SampleSources.Create(run.Config, cache.Cases, dataset.Modalities, model.Preprocessing.Shape),
            new ValidationSet(split.Validation, dataset, model.Preprocessing), backend, new StoppingView(stopAfter, stop, notes ?? []));
        if (resume)
            trainer.Resume();
        TrainingOutcome outcome = trainer.Run(stop.Token);
        Assert.That(outcome.Interrupted, Is.EqualTo(stopAfter < Steps));
        return run.CheckpointsPath;
    }

    private sealed class StoppingView(long stopAfter, CancellationTokenSource stop, List<string> notes) : IProgressView
    {
        public void Show(StepReport report)
        {
            if (report.Step >= stopAfter)
                stop.Cancel();
        }

        public void Show(long step, IReadOnlyList<DiceScore> scores)
        {
        }

        public void Note(string line) => notes.Add(line);
    }
}
