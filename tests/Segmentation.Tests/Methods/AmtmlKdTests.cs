using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.AmtmlKd;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Storage;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>Two teachers that know three classes of four each, and students of both.</summary>
internal sealed class AmtmlKdTests
{
    private ImageRuns runs = null!;
    private string[] teachers = [];

    [OneTimeSetUp]
    public void TrainTeachers()
    {
        runs = new ImageRuns("amtml-kd");
        runs.Train("a", "classifier.width=4", "images.classes=0,1,2");
        runs.Train("b", "classifier.width=4", "images.classes=1,2,3");
        teachers = [$"amtml.teachers.a={runs.PathOf("a")}", $"amtml.teachers.b={runs.PathOf("b")}"];
    }

    [OneTimeTearDown]
    public void DeleteRuns() => runs.Dispose();

    [Test]
    public void A_student_that_was_stopped_goes_on_to_the_same_bits_in_both_phases([Values(1, 3)] int stopAfter)
    {
        string[] sets = [.. teachers, "amtml.adapter_steps=2"];
        runs.Train($"whole{stopAfter}", sets);
        runs.Train($"parts{stopAfter}", stopAfter, sets);
        runs.Resume($"parts{stopAfter}");
        Assert.That(runs.End($"parts{stopAfter}"), Is.EqualTo(runs.End($"whole{stopAfter}")));
    }

    [Test]
    public void After_its_phase_the_weights_of_the_teachers_stay()
    {
        runs.Train("adapter2", [.. teachers, "amtml.adapter_steps=2", "training.steps=2"]);
        runs.Train("adapter4", [.. teachers, "amtml.adapter_steps=2"]);
        Assert.That(Arrays("adapter4", "adapter/"), Is.EqualTo(Arrays("adapter2", "adapter/")));
        Assert.That(Arrays("adapter4", "hints/"), Is.EqualTo(Arrays("adapter2", "hints/")));
        Assert.That(runs.End("adapter4"), Is.Not.EqualTo(runs.End("adapter2")), "the student goes on");
    }

    /// <summary>The likelihood of the labels trains the adapter and nothing else.</summary>
    [Test]
    public void A_student_that_imitates_nothing_is_the_plain_one_bit_for_bit()
    {
        string[] alone = [.. teachers, "amtml.lambda=0", "amtml.angle=0", "amtml.hint=0"];
        runs.Train("plain");
        runs.Train("alone", alone);
        runs.Train("still", [.. alone, "amtml.adapter_rate=1e-9"]);
        Assert.That(Arrays("alone", ""), Is.SupersetOf(Arrays("plain", "")));
        Assert.That(Arrays("alone", "adapter/"), Is.Not.EqualTo(Arrays("still", "adapter/")), "the weights were learnt");
    }

    [Test]
    public void The_total_is_the_weighted_sum_of_the_losses_in_records()
    {
        runs.Train("records", [.. teachers, "amtml.lambda=0.4", "amtml.temperature=3", "amtml.distance=0.5", "amtml.hint=2"]);
        foreach (MetricRecord record in MetricsLog.Read(RunFolder.Open(runs.PathOf("records"))))
        {
            var values = record.Values.ToDictionary(value => value.Key, value => value.Value);
            if (!values.TryGetValue("loss/total", out double total))
                continue;
            double expected =
                (0.6 * values["loss/ce"])
                + (0.4 * 2 * 9 * values["loss/kd"])
                + values["loss/weights"]
                + values["loss/angle"]
                + (0.5 * values["loss/distance"])
                + (2 * values["loss/hint"]);
            Assert.That(total, Is.EqualTo(expected).Within(1e-5 * Math.Abs(expected)));
        }
    }

    /// <summary>Phases, several optimizers and teachers in one recording.</summary>
    [Test]
    public void Replayed_steps_have_the_bits_of_launched_ones() =>
        Assert.That(
            runs.AfterEmulated(records: true, 3, [.. teachers, "training.batch=2"]),
            Is.EqualTo(runs.AfterEmulated(records: false, 3, [.. teachers, "training.batch=2"]))
        );

    [Test]
    public void A_step_on_the_emulated_device_is_that_of_the_processor()
    {
        string[] sets = [.. teachers, "training.batch=2", "optimizer.learning_rate=0.001", "amtml.adapter_rate=0.001"];
        float[] emulated = runs.AfterEmulated(records: false, 1, sets),
            processor = runs.AfterOnProcessor(1, 1, sets);
        Assert.That(emulated, Is.EqualTo(processor).Within(1e-5));
    }

    [Test]
    public void Threads_do_not_matter() =>
        Assert.That(runs.AfterOnProcessor(2, 3, teachers), Is.EqualTo(runs.AfterOnProcessor(1, 3, teachers)));

    [Test]
    public void The_published_code_is_another_method()
    {
        float[] ours = runs.AfterOnProcessor(1, 2, teachers),
            reference = runs.AfterOnProcessor(1, 2, [.. teachers, "compat=reference"]);
        Assert.That(reference, Is.Not.EqualTo(ours));
        Assert.That(reference, Has.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void One_teacher_is_too_few() =>
        Assert.That(
            () => runs.Config(teachers[0]),
            Throws.TypeOf<UsageException>().With.Message.Contains("amtml.teachers").And.Message.Contains("at least two")
        );

    [Test]
    public void Keys_of_volumes_are_refused() =>
        Assert.That(
            () => runs.Config("data.size=64"),
            Throws.TypeOf<UsageException>().With.Message.Contains("data.size").And.Message.Contains("method.task is images")
        );

    [Test]
    public void Weights_are_learnt_from_one_label_of_an_image()
    {
        TrainingConfig config = runs.Config(teachers);
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        Assert.That(
            () => config.Definition.Create(backend, config, runs.Describe(config) with { IsMultiLabel = true }),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("amtml.weights_from")
        );
    }

    [Test]
    public void Another_teacher_than_the_run_was_begun_with_is_refused()
    {
        TrainingConfig config = runs.Config([.. teachers, "amtml.teacher_hashes.a=00000000000000000000000000000000"]);
        Assert.That(
            () => config.Definition.Resolve(config),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("amtml.teachers.a")
        );
    }

    [Test]
    public void The_area_under_the_curve_is_the_share_of_pairs_in_order()
    {
        (float, bool)[] judged = [(0.9f, true), (0.5f, false), (0.5f, true), (0.1f, false), (0.2f, true)];
        // Of six pairs of a right and a wrong one, four are in order, one is even, one is not.
        Assert.That(TeacherJudgement.AreaUnderCurve(judged), Is.EqualTo(4.5 / 6).Within(1e-12));
        Assert.That(TeacherJudgement.AreaUnderCurve([(0.5f, true), (0.2f, true)]), Is.NaN);
    }

    private byte[][] Arrays(string name, string prefix)
    {
        byte[][] arrays =
        [
            .. SafetensorsFile
                .Read(runs.WeightsOf(name))
                .Arrays.Where(array => array.Name.StartsWith(prefix, StringComparison.Ordinal))
                .Select(array => array.Bytes.ToArray()),
        ];
        Assert.That(arrays, Is.Not.Empty);
        return arrays;
    }
}
