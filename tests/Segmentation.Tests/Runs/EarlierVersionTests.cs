using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Runs.Progress;
using UnpairedSegEngine.Runs.Provenance;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Configuration;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Runs;

/// <summary>
/// A run folder that version 0.1.0 wrote, after 4 of 8 steps: it predicts, and goes on to what that version made of it.
/// </summary>
public sealed class EarlierVersionTests
{
    private const string Fixture = "Fixtures/run-0.1.0-unet3d";

    private readonly TemporaryFolder folder = new();
    private SegmentationDataset dataset = null!;

    private string Run => Path.Combine(folder.Path, "run");

    [SetUp]
    public void Copy()
    {
        if (Directory.Exists(Run))
            Directory.Delete(Run, recursive: true);
        string fixture = Path.Combine(TestContext.CurrentContext.TestDirectory, Fixture);
        foreach (string file in Directory.EnumerateFiles(fixture, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(Run, Path.GetRelativePath(fixture, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target, overwrite: true);
        }

        string data = Path.Combine(folder.Path, "data");
        if (!Directory.Exists(data))
            PhantomDataset.Write(
                data,
                new PhantomDatasetOptions
                {
                    Training = 2,
                    Validation = 1,
                    Test = 1,
                    Size = 32,
                    Slices = 8,
                },
                null,
                CancellationToken.None
            );
        dataset = SegmentationDataset.Open(data);
    }

    [OneTimeTearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void It_goes_on_to_the_weights_of_that_version()
    {
        RunContinuation earlier = RunContinuation.Open(Run, from: null, []);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        DatasetSplit split = dataset.Split();
        var session = TrainingSession.OnVolumes(dataset, 0, split, earlier.Config, earlier.ReadModel(), 1);
        Arithmetic arithmetic = earlier.Recorded!.Arithmetic;
        earlier.Require(session.Data, arithmetic);
        RunFolder run = earlier.Begin(new RunProvenance(session.Data, arithmetic, RunSettings.Of(earlier.Config), []), []);
        TrainingOutcome outcome = session.Train(run, backend, new SilentProgress(), CancellationToken.None);

        Assert.That((outcome.State.Step, outcome.Interrupted), Is.EqualTo((8L, false)));
        IReadOnlyDictionary<string, NamedArray> expected = Read(Path.Combine(Run, "expected-00000008.safetensors")),
            now = Read(Path.Combine(Run, "checkpoints", "step-00000008", "weights.safetensors"));
        Assert.That(now.Keys, Is.EquivalentTo(expected.Keys));
        bool isSameProcessor = backend.Processor == arithmetic.Processor;
        foreach ((string name, NamedArray array) in expected)
        {
            if (isSameProcessor)
                Assert.That(now[name].Bytes.Span.SequenceEqual(array.Bytes.Span), name);
            Assert.That(Values(now[name]), Is.EqualTo(Values(array)).Within(1e-4), name);
        }
    }

    /// <summary>There was but one optimizer then; its moments are nothing to another.</summary>
    [Test]
    public void It_goes_on_by_Adam_alone()
    {
        ConfigSetting sgd = ConfigSetting.Parse("optimizer.name=sgd");
        Assert.That(
            () => RunContinuation.Open(Run, "4", [sgd]),
            Throws
                .TypeOf<InvalidDataException>()
                .With.Message.Contains("optimizer.name was adam and is sgd now")
                .And.Message.Contains("step 4")
                .And.Message.Not.Contains("\n")
        );
        Assert.That(RunContinuation.Open(Run, "4", []).Config.Optimizer.Name, Is.EqualTo(OptimizerName.Adam));
        Assert.That(RunContinuation.Open(Run, "0", [sgd]).Config.Optimizer.Name, Is.EqualTo(OptimizerName.Sgd));
    }

    [Test]
    public void It_predicts_and_says_what_it_was_made_from()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using TrainedRun run = TrainedRun.Open(Run, backend, latest: true, _ => { });
        Assert.That((run.Step, run.Description.Modalities[0], run.Provenance!.Data.Split.Fold), Is.EqualTo((4L, "CT", 0)));
        LoadedCase loaded = CaseReader.Read(run.Adopt(dataset.TestCases[0]), dataset.ClassNames);
        Assert.That(run.Model.Segment(loaded.Images, "CT").Geometry, Is.EqualTo(loaded.Geometry));
    }

    [Test]
    public void A_program_without_the_configuration_is_told_what_to_do() =>
        Assert.That(
            () => TrainedModel.Open(Run),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("0.1.0").And.Message.Not.Contains("\n")
        );

    private static IReadOnlyDictionary<string, NamedArray> Read(string path) =>
        SafetensorsFile.Read(path).Arrays.ToDictionary(array => array.Name);

    private static float[] Values(NamedArray array) =>
        System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(array.Bytes.Span).ToArray();
}
