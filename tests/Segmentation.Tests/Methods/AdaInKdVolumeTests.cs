using UnpairedSegEngine.Checkpoints;
using UnpairedSegEngine.Methods.AdaInKd;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Segmentation.Tests.Methods;

/// <summary>A wider teacher on phantoms, and its students.</summary>
internal sealed class AdaInKdVolumeTests
{
    private static readonly string[] Blocks =
    [
        "network.name=unet3d",
        "network.kernels=3x3x1 3x3x3",
        "network.pools=2x2x2",
        "data.size=16",
        "data.depth=2",
    ];

    private VolumeRuns runs = null!;
    private string teacher = "",
        teacherOnBlocks = "";

    [OneTimeSetUp]
    public void TrainTeachers()
    {
        runs = new VolumeRuns(VolumeRuns.Few, "method.name=adain-kd", "method.task=volumes", "data.slices=1", "training.batch=1");
        runs.Train("teacher", "network.channels=4");
        runs.Train("blocks", [.. Blocks, "network.channels=4"]);
        (teacher, teacherOnBlocks) = ($"adain.teacher={runs.PathOf("teacher")}", $"adain.teacher={runs.PathOf("blocks")}");
    }

    [OneTimeTearDown]
    public void DeleteRuns() => runs.Dispose();

    [Test]
    public void A_student_that_was_stopped_goes_on_to_the_same_bits()
    {
        runs.Train("whole", teacher, "adain.stages=g3,g9");
        runs.Train("parts", 3, teacher, "adain.stages=g3,g9");
        runs.Resume("parts");
        Assert.That(runs.End("parts"), Is.EqualTo(runs.End("whole")));
        Assert.That(
            SafetensorsFile.Read(runs.WeightsOf("whole")).Arrays.Select(array => array.Name),
            Has.Some.EqualTo("adaptors/g3.conv.kernel")
                .And.Some.EqualTo("adaptors/g9.conv.kernel")
                .And.None.StartsWith("teacher/")
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
        int found = 0;
        foreach (MetricRecord record in MetricsLog.Read(RunFolder.Open(runs.PathOf(name))))
        {
            var values = record.Values.ToDictionary(value => value.Key, value => value.Value);
            if (!values.TryGetValue("loss/total", out double total))
                continue;
            double onLabels = new[] { "dice_CT", "ce_CT", "dice_MR", "ce_MR" }.Sum(loss => values[$"loss/{loss}"]),
                expected = onLabels + (0.3 * values["loss/statistics"]) + (2 * values["loss/adaptive"]);
            Assert.That(total, Is.EqualTo(expected).Within(1e-9));
            Assert.That(values["loss/adaptive"], Is.GreaterThan(0));
            found++;
        }

        Assert.That(found, Is.EqualTo(4));
    }

    [Test]
    public void Weights_of_zero_are_the_plain_student_bit_for_bit()
    {
        float[] plain = AfterSteps(2),
            none = AfterSteps(2, teacher, "adain.statistics=0", "adain.adaptive=0"),
            learns = AfterSteps(2, teacher, "adain.statistics=0");
        Assert.That(none.Take(plain.Length), Is.EqualTo(plain));
        Assert.That(learns.Take(plain.Length), Is.Not.EqualTo(plain), "the verdict reaches the student");
    }

    /// <summary>Its network is that of UMMKD without distillation, and so is its loss.</summary>
    [Test]
    public void Without_a_teacher_it_is_the_scheme_joint_norm_and_may_draw_modalities_together()
    {
        float[] plain = AfterSteps(2),
            drawn = AfterSteps(2, "adain.between=1", "adain.stages=g2,g9");
        Assert.That(AfterSteps(2, "method.name=ummkd", "scheme=joint_norm"), Is.EqualTo(plain));
        Assert.That(drawn, Has.Length.EqualTo(plain.Length).And.Not.EqualTo(plain));
    }

    /// <summary>
    /// Through a pooling and past a skip connection. With a large epsilon, updates are proportional to gradients: rounding does
    /// not decide about signs.
    /// </summary>
    [Test]
    public void Steps_on_the_emulated_device_are_those_of_the_processor_replayed_or_not()
    {
        string[] sets =
        [
            .. Blocks,
            teacherOnBlocks,
            "training.steps=3",
            "adain.stages=enc1,enc2",
            "adain.between=0.5",
            "optimizer.epsilon=1",
            "optimizer.learning_rate=0.01",
        ];
        float[] launched = runs.AfterEmulated(records: false, sets);
        Assert.That(runs.AfterEmulated(records: true, sets), Is.EqualTo(launched));
        Assert.That(launched, Is.EqualTo(runs.AfterOnProcessor(2, sets)).Within(1e-5f));
    }

    [TestCase("adain.stages=g12", "g12", "g9")]
    [TestCase("data.size=24", "16x16", "no teacher")]
    public void What_a_teacher_lacks_is_named(string set, string says, string known) =>
        Assert.That(
            () => AfterSteps(1, teacher, set),
            Throws.TypeOf<InvalidDataException>().With.Message.Contains(says).And.Message.Contains(known)
        );

    private float[] AfterSteps(int steps, params string[] sets) => runs.AfterOnProcessor(2, [.. sets, $"training.steps={steps}"]);
}
