using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>Two teachers that see one channel each of the student's two.</summary>
internal sealed class AmtmlKdVolumeTests
{
    private VolumeRuns runs = null!;
    private string[] student = [];

    [OneTimeSetUp]
    public void TrainTeachers()
    {
        runs = new VolumeRuns(
            VolumeRuns.Few with
            {
                Paired = true,
            },
            "method.name=amtml-kd",
            "method.task=volumes",
            "data.slices=1"
        );
        runs.Train("a", "data.channels=T2");
        runs.Train("b", "data.channels=T1", "network.channels=4");
        student = ["data.channels=T1,T2", $"amtml.teachers.a={runs.PathOf("a")}", $"amtml.teachers.b={runs.PathOf("b")}"];
    }

    [OneTimeTearDown]
    public void DeleteRuns() => runs.Dispose();

    [Test]
    public void A_student_that_was_stopped_goes_on_to_the_same_bits_in_both_phases()
    {
        string[] sets = [.. student, "amtml.adapter_steps=2"];
        runs.Train("whole", sets);
        foreach (int stopAfter in new[] { 1, 3 })
        {
            runs.Train($"parts{stopAfter}", stopAfter, sets);
            runs.Resume($"parts{stopAfter}");
            Assert.That(runs.End($"parts{stopAfter}"), Is.EqualTo(runs.End("whole")));
        }

        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using TrainedRun run = TrainedRun.Open(runs.PathOf("whole"), backend, latest: true, _ => { });
        Assert.That(run.Description.Volumes, Is.EqualTo(2), "the student predicts alone, from its own channels");
    }

    [Test]
    public void The_total_is_the_weighted_sum_of_the_losses_in_records()
    {
        runs.Train("records", [.. student, "amtml.lambda=0.4", "amtml.temperature=3", "amtml.angle=0.5"]);
        int compared = 0;
        foreach (MetricRecord record in MetricsLog.Read(RunFolder.Open(runs.PathOf("records"))))
        {
            var values = record.Values.ToDictionary(value => value.Key, value => value.Value);
            if (!values.TryGetValue("loss/total", out double total))
                continue;
            double expected =
                (0.6 * (values["loss/dice_paired"] + values["loss/ce_paired"]))
                + (0.4 * 2 * 9 * values["loss/kd"])
                + values["loss/weights"]
                + (0.5 * values["loss/angle"]);
            Assert.That(total, Is.EqualTo(expected).Within(1e-5 * Math.Abs(expected)));
            compared++;
        }

        Assert.That(compared, Is.GreaterThan(0));
    }

    [Test]
    public void Teachers_do_not_change_and_get_no_gradient()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using VolumeMethod method = runs.Trained(backend, student);
        TrainingModule[] teachers = [.. method.Modules.Where(module => module.IsFrozen)];
        Assert.That(teachers.Select(teacher => teacher.Name), Is.EqualTo(new[] { "a", "b" }));
        Assert.That(teachers.SelectMany(t => t.Parameters.All).Select(p => p.Variable.Gradient), Has.All.Null);
    }

    /// <summary>Launched, recorded, replayed: with three networks and two optimizers in it.</summary>
    [Test]
    public void Recorded_steps_on_the_emulated_device_are_those_of_the_processor()
    {
        string[] common = [.. student, "training.batch=1", "training.steps=3", "optimizer.name=sgd", "amtml.adapter_rate=0.001"],
            sets = [.. common, "optimizer.learning_rate=0.01"];
        float[] processor = runs.AfterOnProcessor(1, sets),
            still = runs.AfterOnProcessor(1, [.. common, "optimizer.learning_rate=1e-12"]);
        Assert.That(
            processor.Zip(still, (a, b) => Math.Abs(a - b)).Max(),
            Is.GreaterThan(1e-3),
            "the steps go far enough to tell"
        );
        Assert.That(runs.AfterEmulated(records: true, sets), Is.EqualTo(processor).Within(1e-5));
    }

    [Test]
    public void Threads_do_not_matter() =>
        Assert.That(runs.AfterOnProcessor(2, student), Is.EqualTo(runs.AfterOnProcessor(1, student)));

    [Test]
    public void A_teacher_of_channels_that_the_student_does_not_see_is_refused() =>
        Assert.That(
            () => runs.AfterOnProcessor(1, [.. student, "data.channels=T1"]),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("amtml.teachers.a").And.Message.Contains("channel T2")
        );

    [Test]
    public void An_experiment_compares_the_variants_of_its_task()
    {
        TrainingConfig config = runs.Config(student);
        IReadOnlyList<MethodVariant> variants = config.Definition.VariantsFor(TrainingTask.Volumes);
        Assert.That(variants.Select(v => v.Name), Is.EqualTo(new[] { "student", "average", "adaptive" }));
        foreach (MethodVariant variant in variants)
            Assert.That(() => runs.Config([.. student, .. variant.Settings]), Throws.Nothing);
    }

    [TestCase("amtml.hint=1", "amtml.hint")]
    [TestCase("compat=reference", "compat")]
    [TestCase("images.limit=3", "images.limit")]
    public void What_only_images_have_is_refused(string set, string says) =>
        Assert.That(() => runs.Config(set), Throws.TypeOf<UsageException>().With.Message.Contains(says));
}
