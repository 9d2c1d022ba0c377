using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Tests.Data;
using UnpairedSegEngine.Segmentation.Tests.Training;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>Runs of methods on a few phantoms, in a folder of their own.</summary>
/// <param name="phantoms">What they learn: two cases of each modality and one to validate on, if <see cref="Few"/>.</param>
/// <param name="settings">What all have in common, on top of what runs of every method have.</param>
internal sealed class VolumeRuns(PhantomDatasetOptions phantoms, params string[] settings) : IDisposable
{
    /// <summary>Of runs that do not say otherwise.</summary>
    public const int Steps = 4;

    /// <summary>Unpaired, CT and MR.</summary>
    public static readonly PhantomDatasetOptions Few = new()
    {
        Training = 2,
        Validation = 1,
        Test = 1,
        Size = 24,
        Slices = 6,
    };

    private readonly string[] common =
    [
        "network.channels=2",
        "data.size=16",
        "training.batch=2",
        $"training.steps={Steps}",
        "training.validate_every=2",
        "training.save_every=2",
        "training.log_every=1",
        .. settings,
    ];

    private readonly TemporaryFolder folder = new();

    public SegmentationDataset Dataset => field ??= MakeDataset();

    public string PathOf(string run) => folder.File(run);

    public TrainingConfig Config(params string[] sets) => ConfigLoader.Load(sets: [.. common, .. sets]);

    /// <summary>Trains a new run, until a step if one is given.</summary>
    public void Train(string name, long stopAfter, params string[] sets)
    {
        TrainingConfig config = Config(sets);
        config = config.Definition.Resolve(config);
        ModelDescription model = ModelDescriptions.Of(config, Dataset);
        Train(RunFolder.Create(PathOf(name), config, RunInfo.OfThisProcess([]), model.Write), model, stopAfter);
    }

    public void Train(string name, params string[] sets) => Train(name, long.MaxValue, sets);

    /// <summary>Goes on with a run, whose teachers have to be the same.</summary>
    public void Resume(string name)
    {
        RunFolder run = RunFolder.Open(PathOf(name));
        run.Config.Definition.Resolve(run.Config);
        Train(run, run.ReadModel(), long.MaxValue);
    }

    /// <summary>The last checkpoint's weights.</summary>
    public byte[] End(string name) => File.ReadAllBytes(WeightsOf(name));

    /// <summary>The file of the last checkpoint's weights.</summary>
    public string WeightsOf(string name) =>
        Path.Combine(
            Directory.GetDirectories(Path.Combine(PathOf(name), "checkpoints"), "step-*").Order(StringComparer.Ordinal).Last(),
            "weights.safetensors"
        );

    /// <summary>Trains a method, without a run folder.</summary>
    public VolumeMethod Trained(Backend backend, params string[] sets)
    {
        TrainingConfig config = Config([.. sets, "training.validate_every=0"]);
        ModelDescription model = ModelDescriptions.Of(config, Dataset),
            samples = config.Definition.SamplesFor(config, model);
        VolumeMethod method = config.Definition.Create(backend, config, model);
        PreparedCase[] cases =
        [
            .. Dataset
                .Split()
                .Train.Select(samples.Adopt)
                .Select(source => CaseReader.Read(source, Dataset.ClassNames))
                .Select(loaded => PreparedCase.Prepare(loaded, samples.Preprocessing, Dataset.ClassNames.Count)),
        ];
        IVolumeSamples drawn = SampleSources.Create(config, cases, Dataset.Modalities, samples.Preprocessing.Shape);
        using var trainer = new Trainer(method, method.Extend(SampleSources.Vary(drawn, config)), config.Training);
        trainer.Run();
        return method;
    }

    /// <summary>All weights after a few steps on some backend.</summary>
    public float[] After(Backend backend, params string[] sets)
    {
        using VolumeMethod method = Trained(backend, sets);
        return
        [
            .. method
                .Modules.Where(module => !module.IsFrozen)
                .SelectMany(module => module.Parameters.All)
                .SelectMany(p => p.Value.ToArray<float>()),
        ];
    }

    /// <summary>The same on the emulated device.</summary>
    public float[] AfterEmulated(bool records, params string[] sets)
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        using Device device = Device.OpenCpu();
        using CudaBackend backend = CudaBackend.OpenEmulated(device, ConvolutionPrecision.Fp32, records);
        return After(backend, sets);
    }

    /// <summary>The same on the processor.</summary>
    public float[] AfterOnProcessor(int threads, params string[] sets)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads);
        return After(backend, sets);
    }

    public void Dispose() => folder.Dispose();

    private void Train(RunFolder run, ModelDescription model, long stopAfter)
    {
        var session = TrainingSession.OnVolumes(Dataset, 0, Dataset.Split(), run.Config, model, 1);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var stop = new CancellationTokenSource();
        session.Train(run, backend, new StoppingView(stopAfter, stop), stop.Token);
    }

    private SegmentationDataset MakeDataset()
    {
        PhantomDataset.Write(PathOf("data"), phantoms, null, CancellationToken.None);
        return SegmentationDataset.Open(PathOf("data"));
    }
}
