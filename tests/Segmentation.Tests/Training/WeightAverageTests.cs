using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Schedules;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>Running means of weights: what they are; they validate and predict, and training does not see them.</summary>
internal sealed class WeightAverageTests
{
    private const int Steps = 6;
    private const double Decay = 0.75;

    [Test]
    public void Means_are_those_of_the_formula_and_what_is_trained_stays()
    {
        using TrainingBench averaged = OnCpu(),
            plain = OnCpu();
        averaged.AverageWeights(Decay);
        double[] sum = new double[plain.Weights().Length];
        double weight = 0;
        for (int step = 1; step <= Steps; step++)
        {
            averaged.Step(step);
            plain.Step(step);
            float[] weights = plain.Weights();
            weight = (Decay * weight) + 1;
            sum = [.. sum.Zip(weights, (s, w) => (Decay * s) + w)];
            Assert.That(averaged.Weights(), Is.EqualTo(weights), $"step {step}");
            float[] means = averaged.Means();
            for (int i = 0; i < means.Length; i++)
                Assert.That(means[i], Is.EqualTo(sum[i] / weight).Within(1e-6 * (1 + Math.Abs(weights[i]))), $"step {step}");
        }
    }

    [Test]
    public void A_network_uses_its_means_and_then_its_own_bits_again()
    {
        using TrainingBench bench = OnCpu();
        bench.AverageWeights(Decay);
        for (int step = 1; step <= 3; step++)
            bench.Step(step);
        float[] weights = bench.Weights();
        weights[0] = -0.0f;
        bench.Network.Parameters.All[0].Value.Load<float>([-0.0f], 0);
        using (bench.UseMeans())
            Assert.That(bench.Weights(), Is.EqualTo(bench.Means()).And.Not.EqualTo(weights));
        Assert.That(
            bench.Weights().Select(BitConverter.SingleToInt32Bits),
            Is.EqualTo(weights.Select(BitConverter.SingleToInt32Bits))
        );
    }

    [TestCase("cuda emulated Fp32")]
    [TestCase("gpu Fp32", Category = "gpu")]
    public void Replayed_steps_have_the_means_of_launched_ones(string backend)
    {
        using TrainingBench launched = Bench(BackendByName.Open(backend, records: false)),
            replayed = Bench(BackendByName.Open(backend));
        launched.AverageWeights(Decay);
        replayed.AverageWeights(Decay);
        for (int step = 1; step <= 4; step++)
        {
            foreach (TrainingBench bench in new[] { launched, replayed })
            {
                bench.Images[0] = step;
                bench.Step(step);

                // As a validation does between steps.
                if (step == 3)
                    bench.UseMeans().Dispose();
            }

            Assert.That(replayed.Weights(), Is.EqualTo(launched.Weights()), $"step {step}");
            Assert.That(replayed.Means(), Is.EqualTo(launched.Means()), $"step {step}");
        }

        Assert.That(replayed.Recording, Is.Not.Null);
        Assert.That(replayed.Means(), Is.Not.EqualTo(replayed.Weights()));
    }

    [Test]
    public void Means_validate_and_predict_and_runs_go_on_with_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        List<float> validated = Run(folder.File("whole"), Decay),
            plain = Run(folder.File("plain"), 0);
        _ = Run(folder.File("parts"), Decay, stopAfter: 4);
        Assert.That(Run(folder.File("parts"), Decay), Is.EqualTo(validated[^1..]));
        foreach (string file in TrainingCheckpoint.AllFiles)
            Assert.That(End("parts", file), Is.EqualTo(End("whole", file)), file);

        // Validations are at steps 3 and 6.
        float[] steps = [.. Enumerable.Range(1, Steps).Select(last => Run(folder.File($"to-{last}"), 0, steps: last)[^1])];
        Assert.That(plain, Is.EqualTo(new[] { steps[2], steps[5] }), "weights as they are");
        Assert.That(validated, Is.EqualTo(new[] { Mean(steps[..3]), Mean(steps) }).Within(1e-6));
        Assert.That(Weight("whole", "weights.safetensors", "w"), Is.EqualTo(validated[^1]));
        Assert.That(Weight("whole", "optimizer.safetensors", "trained/w"), Is.EqualTo(plain[^1]));

        float Mean(float[] values) =>
            (float)(
                values.Select((value, i) => Math.Pow(Decay, values.Length - 1 - i) * value).Sum()
                / values.Select((_, i) => Math.Pow(Decay, i)).Sum()
            );

        byte[] End(string name, string file) => File.ReadAllBytes(Path.Combine(folder.File(name), $"step-{Steps:D8}", file));

        float Weight(string name, string file, string array) =>
            BitConverter.ToSingle(
                SafetensorsFile
                    .Read(Path.Combine(folder.File(name), $"step-{Steps:D8}", file))
                    .Arrays.Single(one => one.Name == array)
                    .Bytes.Span
            );
    }

    [Test]
    public void Averaging_may_begin_and_end_with_a_step()
    {
        using var folder = new TemporaryFolder();
        List<float> plain = Run(folder.File("plain"), 0);
        _ = Run(folder.File("begun"), 0, stopAfter: 5);
        float begun = Run(folder.File("begun"), Decay)[^1];
        Assert.That(begun, Is.Not.EqualTo(plain[^1]));
        _ = Run(folder.File("ended"), Decay, stopAfter: 5);
        Assert.That(Run(folder.File("ended"), 0)[^1], Is.EqualTo(plain[^1]), "what was trained goes on");
    }

    private static TrainingBench OnCpu() => Bench(new CpuBackend(Device.OpenCpu(), 1));

    private static TrainingBench Bench(Backend backend) => new(backend, ownsDevice: true, network: NetworkName.Unet3d, size: 8);

    /// <summary>Trains a walk to its end, or until asked to stop: the weights that its validations saw.</summary>
    private static List<float> Run(string checkpoints, double decay, long stopAfter = long.MaxValue, int steps = Steps)
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, threads: 1);
        using var method = new Walk(backend);
        using var stop = new CancellationTokenSource();
        var schedule = new ScheduleConfig
        {
            Steps = steps,
            Batch = 1,
            LogEvery = 1,
            ValidateEvery = 3,
            SaveEvery = 0,
            Average = decay,
        };
        var validation = new Watched(method);
        using var trainer = new Trainer(method, new Winds(), schedule)
        {
            Checkpoints = new CheckpointStore(checkpoints, required: TrainingCheckpoint.AllFiles),
            Progress = new StoppingView(stopAfter, stop),
            Validation = validation,
        };
        trainer.Resume();
        Assert.That(trainer.Run(stop.Token).Interrupted, Is.EqualTo(stopAfter < steps));
        return validation.Seen;
    }

    /// <summary>One weight, which every step moves by the number that it draws.</summary>
    private sealed class Walk : TrainingMethod
    {
        public Walk(Backend backend)
            : base(backend, seed: 4)
        {
            var store = new ParameterStore(backend.Device, DType.Float32, Seed);
            Weight = store.Create("w", new Shape(1), ParameterKind.Kernel, Initializer.Ones);
            Modules = [new TrainingModule(TrainingModule.Predictor, store)];
            Optimizers = [new ModuleOptimizer("", new Sgd(backend, store, momentum: 0), [Weight], new ConstantRate(1))];
        }

        public Parameter Weight { get; }

        public override IReadOnlyList<TrainingModule> Modules { get; }

        public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

        public override StepPlan Plan(long step, DeviceBatch batch) =>
            new ComposedLossPlan(
                this,
                step,
                batch,
                (pass, tensors) => [new("drift", pass.Tape.Mean(pass.Tape.Input(tensors["wind"]) * Weight.Variable))]
            );
    }

    private sealed class Winds : ISampleSource
    {
        public IReadOnlyList<string> Groups => ["winds"];

        public IReadOnlyList<TensorKind> Tensors { get; } = [new("wind", new Shape(1), DType.Float32)];

        public string Description => "a wind";

        public SampleOrigin Draw(int group, ref PhiloxStream stream, SamplePlace sample)
        {
            sample.Elements<float>(0)[0] = stream.NextUniform(-1, 1);
            return new SampleOrigin("{0}", "wind");
        }
    }

    private sealed class Watched(Walk walk) : IValidation
    {
        public List<float> Seen { get; } = [];

        public int Count => 1;

        public ValidationReport Run()
        {
            Seen.Add(walk.Weight.Value.ToArray<float>()[0]);
            return new ValidationReport(new Score("place", Seen[^1]), "Place", []);
        }
    }
}
