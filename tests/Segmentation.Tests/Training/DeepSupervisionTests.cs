using UnpairedSegEngine.Autograd;
using UnpairedSegEngine.Autograd.Operations;
using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cpu;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Configuration;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Methods.Volumes;
using UnpairedSegEngine.Runs;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Storage;
using UnpairedSegEngine.Tensors;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>The loss on labels of coarser levels.</summary>
internal sealed class DeepSupervisionTests
{
    private static readonly UmmkdLoss Loss = TrainingBench.Loss(new DistillationConfig { Floor = false }) with { DeepLevels = 1 };

    [Test]
    public void A_position_has_the_class_of_the_voxel_at_its_middle()
    {
        byte[] labels = [.. Enumerable.Range(0, 3 * 4 * 6).Select(i => (byte)i)];
        var coarse = new byte[3 * 2 * 2];
        CoarseLabels.Pick(labels, new Shape(3, 4, 6), new Size3(1, 2, 3), coarse);
        Assert.That(
            coarse,
            Is.EqualTo(
                from z in Enumerable.Range(0, 3)
                from y in new[] { 1, 3 }
                from x in new[] { 1, 4 }
                select (byte)((((z * 4) + y) * 6) + x)
            )
        );
    }

    [Test]
    public void Each_level_counts_half_of_the_one_above_and_all_count_one([Range(0, 4)] int coarse)
    {
        double[] weights = [.. Enumerable.Range(0, coarse + 1).Select(level => DeepSupervision.WeightOf(level, coarse))];
        Assert.That(weights.Sum(), Is.EqualTo(1).Within(1e-15));
        Assert.That(weights.Skip(1), Is.EqualTo(weights.SkipLast(1).Select(weight => weight / 2)).Within(1e-15));
    }

    /// <summary>
    /// Loss and gradients of a step, as the velocities of plain descent, against the same network in float64 whose losses are
    /// operations of the tape.
    /// </summary>
    [Test]
    public void Gradients_are_those_of_the_losses_of_all_levels()
    {
        using TrainingBench bench = new(
            new CpuBackend(Device.OpenCpu(), 1, exact: true),
            ownsDevice: true,
            Loss,
            network: NetworkName.Unet3d,
            size: 8,
            optimizer: StepInFloat64.PlainDescent
        );
        using var reference = new StepInFloat64();
        var heads = new DeepHeads(reference.Network, 1, 1);
        using ParameterStore ofHeads = heads.Parameters;
        var labels = new LossConfig { DiceWeight = 2 / 3.0, CeWeight = 2 / 3.0 };
        var coarser = new LossConfig { DiceWeight = 1 / 3.0, CeWeight = 1 / 3.0 };
        reference.RequireSameStep(
            bench,
            [.. reference.Network.Parameters.Trainable, .. ofHeads.Trainable],
            (pass, images) =>
            {
                FeatureTaps taps = heads.Taps();
                Variable logits = reference.Network.Forward(pass, images, taps);
                Variable coarse = heads.Forward(pass, taps).Single();
                return pass.Tape.Add(
                    pass.Tape.UmmkdLoss(
                        new UmmkdLoss(labels, Loss.Distillation),
                        logits,
                        reference.Map(bench.Labels, logits),
                        bench.Modality
                    ).Loss,
                    pass.Tape.UmmkdLoss(
                        new UmmkdLoss(coarser, new DistillationConfig { Weight = 0 }),
                        coarse,
                        reference.Map(bench.CoarseMap, coarse),
                        bench.Modality
                    ).Loss
                );
            }
        );
    }

    [TestCase("ilgpu", 1e-5)]
    [TestCase("cuda emulated Fp32", 1e-5)]
    public void Backends_agree_with_the_cpu(string name, double tolerance)
    {
        using TrainingBench expected = Bench(new CpuBackend(Device.OpenCpu(), 2, exact: true)),
            actual = Bench(BackendByName.Open(name));
        Assert.That(actual.Step(1).Total, Is.EqualTo(expected.Step(1).Total).Within(tolerance));
        foreach (
            ((string tensor, Tensor of), Tensor other) in expected.OptimizerState.Zip(
                actual.OptimizerState,
                (a, b) => (a, b.Value)
            )
        )
        {
            float[] cpu = of.ToArray<float>();
            double norm = Math.Sqrt(cpu.Sum(v => (double)v * v)),
                difference = Math.Sqrt(cpu.Zip(other.ToArray<float>(), (a, b) => Math.Pow(a - b, 2)).Sum());
            Assert.That(difference, Is.LessThanOrEqualTo(tolerance * norm), $"{tensor}, whose norm is {norm}");
        }
    }

    [Test]
    public void Replayed_steps_have_the_bits_of_launched_ones()
    {
        using TrainingBench launched = Bench(BackendByName.Open("cuda emulated Fp32", records: false)),
            replayed = Bench(BackendByName.Open("cuda emulated Fp32"));
        for (int step = 1; step <= 3; step++)
        {
            foreach (TrainingBench bench in new[] { launched, replayed })
                bench.Images[0] = step;
            Assert.That(replayed.Step(step).Total, Is.EqualTo(launched.Step(step).Total), $"loss of step {step}");
            Assert.That(replayed.Parameters.Select(p => p.Values), Is.EqualTo(launched.Parameters.Select(p => p.Values)));
        }

        Assert.That(replayed.Recording, Is.Not.Null);
    }

    [TestCase("network.name=dilated2d", "only unet3d")]
    [TestCase("loss.deep_supervision=3", "the decoder has 2 levels")]
    [TestCase("method.name=kd-net", "belongs to the method ummkd")]
    public void What_has_no_such_levels_is_refused(string set, string message) =>
        Assert.That(
            () => ConfigLoader.Load(sets: ["network.name=unet3d", "loss.deep_supervision=1", set]),
            Throws.TypeOf<UsageException>().With.Message.Contains("loss.deep_supervision").And.Message.Contains(message)
        );

    private static TrainingBench Bench(Backend backend) =>
        new(backend, ownsDevice: true, Loss, network: NetworkName.Unet3d, size: 8, optimizer: StepInFloat64.PlainDescent);
}
