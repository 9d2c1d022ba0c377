using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Inference;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>A teacher on four channels, students on one.</summary>
internal sealed class KdNetTests
{
    private VolumeRuns runs = null!;

    private string Teacher => runs.PathOf("teacher");

    [OneTimeSetUp]
    public void TrainTeacher()
    {
        runs = new VolumeRuns(VolumeRuns.Few with { Paired = true }, "method.name=kd-net", "data.slices=1");
        runs.Train("teacher", "network.channels=4");
    }

    [OneTimeTearDown]
    public void DeleteRuns() => runs.Dispose();

    [Test]
    public void Lambda_one_is_the_plain_student_bit_for_bit()
    {
        runs.Train("plain", "data.channels=T1");
        runs.Train("one", "data.channels=T1", $"kd_net.teacher={Teacher}", "kd_net.lambda=1");
        runs.Train("half", "data.channels=T1", $"kd_net.teacher={Teacher}", "kd_net.lambda=0.5");
        Assert.That(runs.End("one"), Is.EqualTo(runs.End("plain")));
        Assert.That(runs.End("half"), Is.Not.EqualTo(runs.End("plain")));
    }

    [Test]
    public void A_student_that_was_stopped_goes_on_to_the_same_bits()
    {
        string[] sets = ["data.channels=T1", $"kd_net.teacher={Teacher}"];
        runs.Train("whole", sets);
        runs.Train("parts", 3, sets);
        runs.Resume("parts");
        Assert.That(runs.End("parts"), Is.EqualTo(runs.End("whole")));
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 1);
        using TrainedRun run = TrainedRun.Open(runs.PathOf("whole"), backend, latest: true, _ => { });
        Assert.That(run.Description.Volumes, Is.EqualTo(1), "the student sees one channel");
        Assert.That(
            SafetensorsFile
                .Read(runs.WeightsOf("whole"))
                .Arrays.Select(array => array.Name)
                .Where(name => name.StartsWith("projection/", StringComparison.Ordinal)),
            Is.EquivalentTo(new[] { "projection/projection.kernel", "projection/projection.bias" }),
            "bottlenecks of other widths meet by a projection"
        );
    }

    [Test]
    public void The_teacher_does_not_change_and_gets_no_gradient()
    {
        using Device device = Device.OpenCpu();
        using var backend = new CpuBackend(device, 2);
        using TrainedModel before = TrainedModel.Open(Teacher, ModelDescription.Read(Teacher), backend);
        using VolumeMethod method = runs.Trained(backend, "data.channels=T1", $"kd_net.teacher={Teacher}");
        TrainingModule teacher = method.Modules.Single(module => module.IsFrozen);
        Assert.That(
            teacher.Parameters.All.Select(p => p.Value.ToArray<float>()),
            Is.EqualTo(before.Network.Parameters.All.Select(p => p.Value.ToArray<float>()))
        );
        Assert.That(teacher.Parameters.All.Select(p => p.Variable.Gradient), Has.All.Null);
    }

    [Test]
    public void Records_name_both_divergences_and_the_total_is_their_weighted_sum()
    {
        runs.Train("records", "data.channels=T2", $"kd_net.teacher={Teacher}", "kd_net.lambda=0.3", "kd_net.alpha=0.4");
        foreach (MetricRecord record in MetricsLog.Read(RunFolder.Open(runs.PathOf("records"))))
        {
            var values = record.Values.ToDictionary(value => value.Key, value => value.Value);
            if (!values.ContainsKey("loss/total"))
                continue;
            double expected =
                (0.3 * (values["loss/dice_paired"] + values["loss/ce_paired"]))
                + (0.7 * ((0.4 * values["loss/kd_output"]) + (0.6 * values["loss/kd_bottleneck"])));
            Assert.That(values["loss/total"], Is.EqualTo(expected).Within(1e-6));
            Assert.That((values["loss/kd_output"], values["loss/kd_bottleneck"]), Is.GreaterThan((0.0, 0.0)));
        }
    }

    [Test]
    public void Another_teacher_is_refused()
    {
        TrainingConfig config = runs.Config(
            "data.channels=T1",
            $"kd_net.teacher={Teacher}",
            "kd_net.teacher_weights=00000000000000000000000000000000"
        );
        Assert.That(
            () => config.Definition.Resolve(config),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("kd_net.teacher")
        );
    }

    [TestCase("data.size=24", "16x16")]
    [TestCase("data.normalization.T1=none", "normalizes T1")]
    public void A_teacher_of_other_samples_is_refused(string set, string says)
    {
        TrainingConfig config = runs.Config("data.channels=T1", $"kd_net.teacher={Teacher}", set);
        Assert.That(
            () => config.Definition.SamplesFor(config, ModelDescriptions.Of(config, runs.Dataset)),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(says).And.Message.Contains(Teacher)
        );
    }

    /// <summary>The recorded step, with two networks and two optimizers in it.</summary>
    [Test]
    public void Replayed_steps_have_the_bits_of_launched_ones()
    {
        // Launched, recorded, replayed.
        string[] sets = ["data.channels=T1", $"kd_net.teacher={Teacher}", "training.batch=1", "training.steps=3"];
        Assert.That(runs.AfterEmulated(records: true, sets), Is.EqualTo(runs.AfterEmulated(records: false, sets)));
    }
}
