using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Imaging.Phantoms;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Segmentation.Tests.Training;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>Runs of methods on a few unpaired phantoms, CT and MR, in a folder of their own.</summary>
internal sealed class VolumeRuns : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly string[] common;
    private readonly SegmentationDataset dataset;

    /// <param name="common">Settings of all runs beside their length.</param>
    public VolumeRuns(params string[] common)
    {
        this.common =
        [
            "training.steps=4",
            "training.validate_every=2",
            "training.save_every=2",
            "training.log_every=1",
            .. common,
        ];
        PhantomDataset.Write(
            folder.File("data"),
            new PhantomDatasetOptions
            {
                Training = 2,
                Validation = 1,
                Test = 1,
                Size = 24,
                Slices = 6,
            },
            null,
            CancellationToken.None
        );
        dataset = SegmentationDataset.Open(folder.File("data"));
    }

    public string PathOf(string run) => folder.File(run);

    /// <summary>Trains a new run, until a step if one is given.</summary>
    public void Train(string name, long stopAfter, params string[] sets)
    {
        TrainingConfig config = Config(sets);
        config = config.Definition.Resolve(config);
        ModelDescription model = ModelDescriptions.Of(config, dataset);
        Train(RunFolder.Create(PathOf(name), config, RunInfo.OfThisProcess([]), model.Write), model, stopAfter);
    }

    public void Train(string name, params string[] sets) => Train(name, long.MaxValue, sets);

    /// <summary>Goes on with a run.</summary>
    public void Resume(string name)
    {
        RunFolder run = RunFolder.Open(PathOf(name));
        Train(run, run.ReadModel(), long.MaxValue);
    }

    /// <summary>The file of the last checkpoint's weights.</summary>
    public string WeightsOf(string name) =>
        Path.Combine(
            Directory.GetDirectories(Path.Combine(PathOf(name), "checkpoints"), "step-*").Order(StringComparer.Ordinal).Last(),
            "weights.safetensors"
        );

    /// <summary>All trained weights after a few steps on the processor.</summary>
    public float[] AfterOnProcessor(int steps, params string[] sets)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2, exact: true);
        return After(backend, steps, sets);
    }

    /// <summary>The same on the emulated device.</summary>
    public float[] AfterEmulated(bool records, int steps, params string[] sets)
    {
        if (Backends.Cuda.Driver.EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        using Device device = Device.OpenCpu();
        using CudaBackend backend = CudaBackend.OpenEmulated(device, ConvolutionPrecision.Fp32, records);
        return After(backend, steps, sets);
    }

    public void Dispose() => folder.Dispose();

    private TrainingConfig Config(params string[] sets) => ConfigLoader.Load(sets: [.. common, .. sets]);

    private float[] After(Backend backend, int steps, string[] sets)
    {
        TrainingConfig config = Config([.. sets, $"training.steps={steps}", "training.validate_every=0"]);
        ModelDescription model = ModelDescriptions.Of(config, dataset);
        PreparedCase[] cases =
        [
            .. dataset
                .Split()
                .Train.Select(model.Adopt)
                .Select(source => CaseReader.Read(source, dataset.ClassNames))
                .Select(loaded => PreparedCase.Prepare(loaded, model.Preprocessing, dataset.ClassNames.Count)),
        ];
        IVolumeSamples samples = SampleSources.Create(config, cases, dataset.Modalities, model.Preprocessing.Shape);
        using VolumeMethod method = config.Definition.Create(backend, config, model);
        using var trainer = new Trainer(method, method.Extend(SampleSources.Vary(samples, config)), config.Training);
        trainer.Run();
        return
        [
            .. method
                .Modules.Where(module => !module.IsFrozen)
                .SelectMany(module => module.Parameters.All)
                .SelectMany(p => p.Value.ToArray<float>()),
        ];
    }

    private void Train(RunFolder run, ModelDescription model, long stopAfter)
    {
        var session = TrainingSession.OnVolumes(dataset, 0, dataset.Split(), run.Config, model, 1);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var stop = new CancellationTokenSource();
        session.Train(run, backend, new StoppingView(stopAfter, stop), stop.Token);
    }
}
