using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Classification.Data;
using UnpairedSegEngine.Classification.Inference;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Images;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Tests.Training;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>Runs of methods on a handful of made-up images, in a folder of their own.</summary>
/// <param name="method">Of all runs.</param>
/// <param name="dataset">What they learn; 8x8, grey, four classes if not given: a bright quarter of the image each, in
/// noise.</param>
/// <param name="settings">What all have in common, on top of what runs of every method have.</param>
internal sealed class ImageRuns(string method, ImageDataset? dataset = null, params string[] settings) : IDisposable
{
    private readonly string[] common =
    [
        $"method.name={method}",
        "images.crop_padding=1",
        "classifier.depth=8",
        "classifier.width=2",
        "training.batch=4",
        "training.steps=4",
        "training.validate_every=2",
        "training.save_every=2",
        "training.log_every=1",
        "optimizer.learning_rate=0.05",
        .. settings,
    ];

    private readonly TemporaryFolder folder = new();

    /// <summary>What they learn.</summary>
    public ImageDataset Dataset { get; } = dataset ?? MakeDataset();

    public string PathOf(string run) => folder.File(run);

    public TrainingConfig Config(params string[] sets) => ConfigLoader.Load(sets: [.. common, .. sets]);

    /// <summary>Trains a new run, until a step if one is given.</summary>
    public void Train(string name, long stopAfter, params string[] sets)
    {
        TrainingConfig config = Config(sets);
        config = config.Definition.Resolve(config);
        (TrainingSession session, ClassifierDescription model) = TrainingSession.OnImages(Dataset, config);
        Train(RunFolder.Create(PathOf(name), config, RunInfo.OfThisProcess([]), model.Write), session, stopAfter);
    }

    public void Train(string name, params string[] sets) => Train(name, long.MaxValue, sets);

    /// <summary>Goes on with a run.</summary>
    public void Resume(string name)
    {
        RunFolder run = RunFolder.Open(PathOf(name));
        TrainingConfig config = run.Config.Definition.Resolve(run.Config);
        Train(run, TrainingSession.OnImages(Dataset, config, ClassifierDescription.Read(run.Path)).Session, long.MaxValue);
    }

    /// <summary>The last checkpoint's weights.</summary>
    public byte[] End(string name) => File.ReadAllBytes(WeightsOf(name));

    /// <summary>The file of the last checkpoint's weights.</summary>
    public string WeightsOf(string name) =>
        Path.Combine(
            Directory.GetDirectories(Path.Combine(PathOf(name), "checkpoints"), "step-*").Order(StringComparer.Ordinal).Last(),
            "weights.safetensors"
        );

    /// <summary>All weights after a few steps on some backend.</summary>
    public float[] After(Backend backend, int steps, params string[] sets)
    {
        TrainingConfig config = Config([.. sets, $"training.steps={steps}", "training.validate_every=0"]);
        var images = ImageSelection.Of(Dataset, config.Images, config.Training.Seed);
        using ImageMethod method = config.Definition.Create(backend, config, Describe(config));
        using var trainer = new Trainer(
            method,
            new ImageTrainingData(method.Model, images, "images").Samples(config),
            config.Training
        );
        trainer.Run();
        return
        [
            .. method
                .Modules.Where(module => !module.IsFrozen)
                .SelectMany(module => module.Parameters.All)
                .SelectMany(p => p.Value.ToArray<float>()),
        ];
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

    /// <summary>The same on the processor.</summary>
    public float[] AfterOnProcessor(int threads, int steps, params string[] sets)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads);
        return After(backend, steps, sets);
    }

    public ClassifierDescription Describe(TrainingConfig config) =>
        ClassifierDescription.Of(Dataset, PixelNormalization.Of(Dataset.Train), config.Classifier);

    public void Dispose() => folder.Dispose();

    private static void Train(RunFolder run, TrainingSession session, long stopAfter)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using var stop = new CancellationTokenSource();
        session.Train(run, backend, new StoppingView(stopAfter, stop), stop.Token);
    }

    private static ImageDataset MakeDataset()
    {
        var random = new System.Random(1);
        return new ImageDataset("images", ["upper left", "upper right", "lower left", "lower right"], Set(24), Set(8));

        ImageSet Set(int count) =>
            new(new ImageShape(8, 8, 1), 4, isMultiLabel: false, [.. Enumerable.Range(0, count).Select(Image)]);

        LabelledImage Image(int number)
        {
            int label = number % 4;
            byte[] pixels = new byte[64];
            for (int i = 0; i < pixels.Length; i++)
            {
                bool isBright = (i / 8 < 4 ? 0 : 2) + (i % 8 < 4 ? 0 : 1) == label;
                pixels[i] = (byte)(random.Next(60) + (isBright ? 150 : 20));
            }

            return new LabelledImage($"image {number}", pixels, [label]);
        }
    }
}
