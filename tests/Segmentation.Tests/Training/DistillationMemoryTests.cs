using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>The running class means of the distillation, and what steps say of it, from step to step.</summary>
internal sealed class DistillationMemoryTests
{
    private const string ClassMeans = "method/class_means";

    private static readonly ScheduleConfig EverySecond = new() { ValidateEvery = 2, Steps = 100 };

    private readonly TinyRuns runs = new();

    [OneTimeTearDown]
    public void Delete() => runs.Dispose();

    [Test]
    public void Replayed_steps_say_what_launched_ones_say()
    {
        using TrainingBench launched = Bench(BackendByName.Open("cuda emulated Fp32", records: false), EverySecond),
            replayed = Bench(BackendByName.Open("cuda emulated Fp32"), EverySecond),
            processor = Bench(new CpuBackend(Device.OpenCpu(), 1, exact: true), EverySecond);
        for (int step = 1; step <= 4; step++)
        {
            LossReport expected = Step(launched, step),
                report = Step(replayed, step),
                onProcessor = Step(processor, step);
            Assert.That(report.Terms, Is.EqualTo(expected.Terms), $"step {step}");
            Assert.That(report.Details(), Is.EqualTo(expected.Details()), $"step {step}");
            Assert.That(
                report.Terms.Select(term => term.Value),
                Is.EqualTo(onProcessor.Terms.Select(term => term.Value)).Within(1e-3),
                $"step {step}"
            );
            Assert.That(Norms(report).Keys, Is.EqualTo(step % 2 == 0 ? ["dice", "ce", "kd"] : Array.Empty<string>()));
            foreach ((string term, double norm) in Norms(report))
                Assert.That(norm, Is.EqualTo(Norms(onProcessor)[term]).Within(1e-2 * norm).And.Positive, term);
            Assert.That(replayed.Weights(), Is.EqualTo(launched.Weights()), $"step {step}");
        }

        Assert.That(replayed.Recording, Is.Not.Null);
    }

    [Test]
    public void Measuring_changes_no_bits()
    {
        using TrainingBench measured = Bench(new CpuBackend(Device.OpenCpu(), 2), EverySecond),
            plain = Bench(new CpuBackend(Device.OpenCpu(), 1), null);
        for (int step = 1; step <= 3; step++)
            Assert.That(Step(measured, step).Terms, Is.EqualTo(Step(plain, step).Terms));
        Assert.That(measured.Weights(), Is.EqualTo(plain.Weights()));
    }

    [Test]
    public void A_step_that_is_refused_is_not_remembered()
    {
        using TrainingBench disturbed = Bench(new CpuBackend(Device.OpenCpu(), 1), null),
            whole = Bench(new CpuBackend(Device.OpenCpu(), 1), null);
        Step(disturbed, 1);
        Step(whole, 1);
        disturbed.Images[3] = float.NaN;
        Assert.That(() => disturbed.Step(2), Throws.TypeOf<NonFiniteLossException>());
        disturbed.Images[3] = whole.Images[3];
        Assert.That(Step(disturbed, 2).Terms, Is.EqualTo(Step(whole, 2).Terms));
        Assert.That(Step(disturbed, 3).Terms, Is.EqualTo(Step(whole, 3).Terms));
    }

    [Test]
    public void Means_are_in_checkpoints_and_runs_go_on_with_them()
    {
        runs.Train("whole", resume: false, network: NetworkName.Unet3d);
        runs.Train("parts", resume: false, stopAfter: 3, network: NetworkName.Unet3d);
        runs.Train("parts", resume: true);
        Assert.That(runs.EndOf("parts"), Is.EqualTo(runs.EndOf("whole")));
        Assert.That(runs.RecordsOf("parts"), Is.EqualTo(runs.RecordsOf("whole")));
        Assert.That(
            runs.RecordsOf("whole").SelectMany(record => record),
            Has.Some.StartsWith("loss/kd_floor").And.Some.StartsWith("gradient_norm/kd")
        );

        // Of background, which is in every batch: sum of 0.9^i over 8 steps.
        Assert.That(MeansOf("whole")[5], Is.EqualTo((1 - Math.Pow(0.9, 8)) / 0.1).Within(1e-9));
    }

    /// <summary>Also without validations, which measure, too.</summary>
    [Test]
    public void A_run_without_the_floor_learns_the_same()
    {
        string[] silent = ["training.validate_every=0", "loss.kd.floor=false"];
        runs.Train("with", resume: false, network: NetworkName.Unet3d, sets: silent[0]);
        runs.Train("without", resume: false, network: NetworkName.Unet3d, sets: silent);
        Assert.That(runs.RecordsOf("without").SelectMany(record => record), Has.None.StartsWith("loss/kd_floor"));
        Assert.That(Weights("without"), Is.EqualTo(Weights("with")));
        Assert.That(ArraysOf("without", TinyRuns.Steps).Select(array => array.Name), Has.None.EqualTo($"{ClassMeans}_of_halves"));

        byte[][] Weights(string name) =>
            [
                .. SafetensorsFile
                    .Read(runs.PathOf(name, "checkpoints", $"step-{TinyRuns.Steps:D8}", "weights.safetensors"))
                    .Arrays.Select(array => array.Bytes.ToArray()),
            ];
    }

    [Test]
    public void Averaging_may_begin_and_end_with_a_step()
    {
        runs.Train("published", resume: false, network: NetworkName.Unet3d, sets: "loss.kd.memory=0");
        Assert.That(ArraysOf("published", TinyRuns.Steps).Select(array => array.Name), Has.None.StartsWith("method/"));
        runs.Train("begun", resume: false, stopAfter: 5, network: NetworkName.Unet3d, sets: "loss.kd.memory=0");
        Change("begun", "loss.kd.memory=0.5");
        runs.Train("begun", resume: true);
        Assert.That(MeansOf("begun")[5], Is.EqualTo(1 + 0.5 + 0.25), "steps 6 to 8");

        runs.Train("ended", resume: false, stopAfter: 5, network: NetworkName.Unet3d);
        Change("ended", "loss.kd.memory=0");
        runs.Train("ended", resume: true);
        Assert.That(ArraysOf("ended", TinyRuns.Steps).Select(array => array.Name), Has.None.StartsWith("method/"));

        void Change(string name, string setting)
        {
            RunFolder run = RunFolder.Open(runs.PathOf(name));
            run.Reconfigure(run.ConfigWith([ConfigSetting.Parse(setting)]));
        }
    }

    private double[] MeansOf(string name)
    {
        NamedArray array = ArraysOf(name, TinyRuns.Steps).Single(array => array.Name == ClassMeans);
        Assert.That(array.Shape, Is.EqualTo(new Tensors.Shape(2, 5, 6)));
        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, double>(array.Bytes.Span).ToArray();
    }

    private IReadOnlyList<NamedArray> ArraysOf(string name, int step) =>
        SafetensorsFile.Read(runs.PathOf(name, "checkpoints", $"step-{step:D8}", "optimizer.safetensors")).Arrays;

    private static LossReport Step(TrainingBench bench, int step)
    {
        bench.Images[0] = step;
        return bench.Step(step);
    }

    private static Dictionary<string, double> Norms(LossReport report) =>
        report
            .Details()
            .Where(value => value.Key.StartsWith(UmmkdMethod.GradientPrefix, StringComparison.Ordinal))
            .ToDictionary(value => value.Key[UmmkdMethod.GradientPrefix.Length..], value => value.Value);

    private static TrainingBench Bench(Backend backend, ScheduleConfig? schedule) =>
        new(backend, ownsDevice: true, network: NetworkName.Unet3d, size: 8, schedule: schedule);
}
