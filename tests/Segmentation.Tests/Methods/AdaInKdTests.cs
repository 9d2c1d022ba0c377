using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Methods.AdaInKd;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>A wider teacher of four classes, and its students.</summary>
internal sealed class AdaInKdTests
{
    private ImageRuns runs = null!;
    private string teacher = "";

    [OneTimeSetUp]
    public void TrainTeacher()
    {
        runs = new ImageRuns("adain-kd");
        runs.Train("teacher", "classifier.width=4");
        teacher = $"adain.teacher={runs.PathOf("teacher")}";
    }

    [OneTimeTearDown]
    public void DeleteRuns() => runs.Dispose();

    [Test]
    public void A_student_that_was_stopped_goes_on_to_the_same_bits()
    {
        runs.Train("whole", teacher, "adain.stages=group2,group3");
        runs.Train("parts", 3, teacher, "adain.stages=group2,group3");
        runs.Resume("parts");
        Assert.That(runs.End("parts"), Is.EqualTo(runs.End("whole")));
        Assert.That(
            SafetensorsFile.Read(runs.WeightsOf("whole")).Arrays.Select(array => array.Name),
            Has.Some.EqualTo("adaptors/group2.conv.kernel").And.None.StartsWith("teacher/")
        );
    }

    [Test]
    public void The_total_is_the_weighted_sum_of_the_losses_in_records([Values] TeacherVerdict verdict)
    {
        string name = $"records-{verdict}";
        runs.Train(
            name,
            teacher,
            $"adain.verdict={verdict.ToString().ToLowerInvariant()}",
            "adain.statistics=0.3",
            "adain.adaptive=2"
        );
        foreach (MetricRecord record in MetricsLog.Read(RunFolder.Open(runs.PathOf(name))))
        {
            var values = record.Values.ToDictionary(value => value.Key, value => value.Value);
            if (!values.TryGetValue("loss/total", out double total))
                continue;
            double expected = values["loss/ce"] + (0.3 * values["loss/statistics"]) + (2 * values["loss/adaptive"]);
            Assert.That(total, Is.EqualTo(expected).Within(1e-5 * expected));
            Assert.That(values["loss/adaptive"], Is.GreaterThan(0));
        }
    }

    [Test]
    public void Weights_of_zero_are_the_plain_student_bit_for_bit()
    {
        float[] plain = runs.AfterOnProcessor(1, 3),
            none = runs.AfterOnProcessor(1, 3, teacher, "adain.statistics=0", "adain.adaptive=0"),
            learns = runs.AfterOnProcessor(1, 3, teacher, "adain.statistics=0");
        Assert.That(none.Take(plain.Length), Is.EqualTo(plain));
        Assert.That(learns.Take(plain.Length), Is.Not.EqualTo(plain), "the verdict reaches the student");
    }

    [Test]
    public void Replayed_steps_have_the_bits_of_launched_ones() =>
        Assert.That(
            runs.AfterEmulated(records: true, 3, teacher, "training.batch=2"),
            Is.EqualTo(runs.AfterEmulated(records: false, 3, teacher, "training.batch=2"))
        );

    [Test]
    public void A_step_on_the_emulated_device_is_that_of_the_processor()
    {
        string[] sets = [teacher, "training.batch=2", "optimizer.learning_rate=0.001"];
        Assert.That(runs.AfterEmulated(records: false, 1, sets), Is.EqualTo(runs.AfterOnProcessor(1, 1, sets)).Within(1e-5));
    }

    [Test]
    public void A_stage_that_is_not_there_is_named() =>
        Assert.That(
            () => runs.AfterOnProcessor(1, 1, teacher, "adain.stages=group9"),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains("group9").And.Message.Contains("group3")
        );
}
