using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Losses;
using UnpairedSegEngine.Optimizers;
using UnpairedSegEngine.Random;
using UnpairedSegEngine.Schedules;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Batches;
using UnpairedSegEngine.Training.Configuration;
using UnpairedSegEngine.Training.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>Steps of a method that gives its losses only: a line y = x w + b, with an optimizer for each of w and b.</summary>
internal sealed class ComposedLossPlanTests
{
    private const int Steps = 6;

    /// <summary>At w = 1, b = 0 the line misses 3 and 5 by -2 and -3.</summary>
    [Test]
    public void Losses_and_gradients_are_those_computed_by_hand()
    {
        using Bench bench = Bench.OnCpu();
        LossReport report = bench.Step(1, [1, 2], [3, 5]);
        Assert.That(report.Terms.Select(term => term.Name), Is.EqualTo(new[] { "fit", "size", "watched" }));
        Assert.That(report.Terms.Select(term => term.Value), Is.EqualTo(new[] { 6.5, 1, 2.5 }), "each without its weight");
        Assert.That(report.Total, Is.EqualTo(6.5 + (0.25 * 1)));

        // dw = mean(2 e x) + 0.25 * 2 w = -8 + 0.5, db = mean(2 e) = -5.
        Assert.That(bench.Slope, Is.EqualTo(1 - (0.1 * -7.5)).Within(1e-6));
        Assert.That(bench.Offset, Is.EqualTo(0 - (0.01 * -5)).Within(1e-6));
        Assert.That(bench.Gradients, Has.All.Null, "used and freed");
    }

    [Test]
    public void Replayed_steps_have_the_bits_of_launched_ones()
    {
        using Bench launched = new(BackendByName.Open("cuda emulated Fp32", records: false), Line.Fit(drops: true)),
            replayed = new(BackendByName.Open("cuda emulated Fp32"), Line.Fit(drops: true));
        for (int step = 1; step <= 4; step++)
        {
            LossReport expected = launched.Step(step, [step, 2], [3, 5]),
                report = replayed.Step(step, [step, 2], [3, 5]);
            Assert.That((report.Total, report.Terms), Is.EqualTo((expected.Total, expected.Terms)), $"step {step}");
            Assert.That((replayed.Slope, replayed.Offset), Is.EqualTo((launched.Slope, launched.Offset)), $"step {step}");
        }

        Assert.That((launched.IsRecorded, replayed.IsRecorded), Is.EqualTo((false, true)));
        float slope = replayed.Slope;
        Assert.That(
            () => replayed.Step(5, [float.NaN, 2], [3, 5]),
            Throws.TypeOf<NonFiniteLossException>().With.Message.Contains("'fit'")
        );
        Assert.That(replayed.Slope, Is.EqualTo(slope));
    }

    [Test]
    public void A_loss_that_is_no_number_is_named_and_nothing_changes()
    {
        using Bench bench = Bench.OnCpu();
        Assert.That(
            () => bench.Step(7, [1, float.NaN], [3, 5]),
            Throws.TypeOf<NonFiniteLossException>().With.Message.EqualTo("step 7: the loss 'fit' is NaN")
        );
        Assert.That((bench.Slope, bench.Offset), Is.EqualTo((1f, 0f)));
    }

    [Test]
    public void What_cannot_be_minimized_is_refused()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Refusal((fit, _) => [new("fit", fit), new("fit", fit)]), Does.Contain("'fit'"));
            Assert.That(Refusal((fit, _) => [new("total", fit)]), Does.Contain("'total'"));
            Assert.That(Refusal((_, errors) => [new("raw", errors)]), Does.Contain("'raw' has shape (2, 1)"));
            Assert.That(
                Refusal((fit, _) => [new("fit", fit, Weight: 0)]),
                Does.Contain("nothing to minimize").And.Contain("(fit)")
            );
            Assert.That(Refusal((_, _) => []), Does.Contain("nothing to minimize"));
        });

        static string Refusal(Func<Variable, Variable, IReadOnlyList<WeightedLoss>> losses)
        {
            using Bench bench = Bench.OnCpu(
                (line, pass, batch) =>
                {
                    Variable errors = line.Errors(pass, batch);
                    return losses(pass.Tape.Mean(errors * errors), errors);
                }
            );
            return Assert.Throws<ArgumentException>(() => bench.Step(1, [1, 2], [3, 5]))!.Message;
        }
    }

    [Test]
    public void A_run_that_was_stopped_and_resumed_ends_with_the_same_bits()
    {
        using var folder = new TemporaryFolder();
        Train("whole");
        Train("parts", stopAfter: 2);
        Train("parts");
        foreach (string file in TrainingCheckpoint.AllFiles)
            Assert.That(End("parts", file), Is.EqualTo(End("whole", file)), file);

        byte[] End(string name, string file) => File.ReadAllBytes(Path.Combine(folder.File(name), $"step-{Steps:D8}", file));

        void Train(string name, long stopAfter = long.MaxValue)
        {
            using Device device = Device.OpenCpu();
            using var backend = new CpuBackend(device, threads: 1);
            using var method = new Line(backend, Line.Fit(drops: true));
            using var stop = new CancellationTokenSource();
            var schedule = new ScheduleConfig
            {
                Steps = Steps,
                Batch = 2,
                LogEvery = 1,
                ValidateEvery = 0,
                SaveEvery = 0,
            };
            using var trainer = new Trainer(method, new Points(), schedule)
            {
                Checkpoints = new CheckpointStore(folder.File(name), required: TrainingCheckpoint.AllFiles),
                Progress = new StoppingView(stopAfter, stop),
            };
            trainer.Resume();
            Assert.That(trainer.Run(stop.Token).Interrupted, Is.EqualTo(stopAfter < Steps));
        }
    }

    /// <summary>The line, on a batch that the test gives.</summary>
    private sealed class Bench : IDisposable
    {
        private readonly Line line;
        private readonly StepRunner runner;

        public Bench(Backend backend, Compose losses)
        {
            line = new Line(backend, losses);
            runner = new StepRunner(line);
        }

        public float Slope => line.Slope.Value.ToArray<float>()[0];

        public float Offset => line.Offset.Value.ToArray<float>()[0];

        public IEnumerable<Tensor?> Gradients => [line.Slope.Variable.Gradient, line.Offset.Variable.Gradient];

        public bool IsRecorded => runner.Recording is not null;

        public static Bench OnCpu(Compose? losses = null) =>
            new(new CpuBackend(Device.OpenCpu(), threads: 1), losses ?? Line.Fit(drops: false));

        public LossReport Step(long step, float[] x, float[] y) =>
            runner.Run(
                step,
                new Batch(
                    ModalityIndex.Single(1, 0, x.Length),
                    BatchTensor.Of(Points.X, new Shape(x.Length, 1), x),
                    BatchTensor.Of(Points.Y, new Shape(y.Length, 1), y)
                )
            );

        public void Dispose()
        {
            Device device = line.Backend.Device;
            runner.Dispose();
            line.Dispose();
            line.Backend.Dispose();
            Assert.That(device.Pool.LiveBuffers, Is.Zero, "everything is given back");
            device.Dispose();
        }
    }

    private delegate IReadOnlyList<WeightedLoss> Compose(Line line, ForwardContext pass, DeviceBatch batch);

    private sealed class Line : TrainingMethod
    {
        private readonly Compose losses;

        public Line(Backend backend, Compose losses)
            : base(backend, seed: 4)
        {
            this.losses = losses;
            ParameterStore slope = new(backend.Device, DType.Float32, Seed),
                offset = new(backend.Device, DType.Float32, Seed);
            Slope = slope.Create("w", new Shape(1), ParameterKind.Kernel, Initializer.Ones);
            Offset = offset.Create("b", new Shape(1), ParameterKind.Bias, Initializer.Zeros);
            Modules = [new TrainingModule(TrainingModule.Predictor, slope), new TrainingModule("offset", offset)];
            Optimizers =
            [
                new ModuleOptimizer("", new Sgd(backend, slope, momentum: 0.5), [Slope], new StepDecay(0.1, 0.5, 1)),
                new ModuleOptimizer("offset", new Sgd(backend, offset) { RateSlot = 1 }, [Offset], new ConstantRate(0.01)),
            ];
        }

        public Parameter Slope { get; }

        public Parameter Offset { get; }

        public override IReadOnlyList<TrainingModule> Modules { get; }

        public override IReadOnlyList<ModuleOptimizer> Optimizers { get; }

        public static Compose Fit(bool drops) =>
            (line, pass, batch) =>
            {
                Variable errors = line.Errors(pass, batch);
                if (drops)
                    errors = pass.Tape.Dropout(errors, pass.Mask(0.75, site: 0));
                Variable slope = line.Slope.Variable;
                return
                [
                    new("fit", pass.Tape.Mean(errors * errors)),
                    new("size", pass.Tape.Sum(pass.Tape.Multiply(slope, slope)), Weight: 0.25),
                    new("watched", pass.Tape.Mean(pass.Tape.Abs(errors)), Weight: 0),
                ];
            };

        public override StepPlan Plan(long step, DeviceBatch batch) =>
            new ComposedLossPlan(this, step, batch, (pass, tensors) => losses(this, pass, tensors));

        public Variable Errors(ForwardContext pass, DeviceBatch batch) =>
            (pass.Tape.Input(batch[Points.X]) * Slope.Variable) + Offset.Variable - pass.Tape.Input(batch[Points.Y]);
    }

    private sealed class Points : ISampleSource
    {
        public const string X = "x",
            Y = "y";

        public IReadOnlyList<string> Groups => ["points"];

        public IReadOnlyList<TensorKind> Tensors { get; } =
        [new(X, new Shape(1), DType.Float32), new(Y, new Shape(1), DType.Float32)];

        public string Description => "a point";

        public SampleOrigin Draw(int group, ref PhiloxStream stream, SamplePlace sample)
        {
            float x = stream.NextUniform(-1, 1);
            sample.Elements<float>(0)[0] = x;
            sample.Elements<float>(1)[0] = (2 * x) + 1;
            return new SampleOrigin("{0}", "point");
        }
    }
}
