using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Layers;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Training;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

internal sealed class TrainingStepTests
{
    [Test]
    public void Memory_stands_still_after_the_first_steps()
    {
        using var bench = TrainingBench.OnCpu(threads: 2);
        bench.Step(1);
        (long allocations, int live) = (bench.Device.Pool.DeviceAllocations, bench.Device.Pool.LiveBuffers);
        bench.Step(2);
        long reserved = bench.Device.Pool.ReservedBytes;
        for (int step = 3; step <= 6; step++)
            bench.Step(step);
        Assert.That(
            bench.Device.Pool.ReservedBytes,
            Is.EqualTo(reserved),
            "bytes taken after the second step, which finds new running statistics in places of the first"
        );
        Assert.That(bench.Device.Pool.DeviceAllocations, Is.EqualTo(allocations), "device allocations after the first step");
        Assert.That(bench.Device.Pool.LiveBuffers, Is.EqualTo(live), "buffers that outlived their step");
    }

    [Test]
    public void Everything_is_given_back_at_the_end()
    {
        Device device = Device.OpenCpu();
        using (var bench = TrainingBench.OnCpu(2, device))
            bench.Step(1);
        Assert.That(device.Pool.LiveBuffers, Is.Zero);
        device.Dispose();
    }

    [Test]
    public void Bits_do_not_depend_on_the_thread_count()
    {
        float[] one = Train(threads: 1);
        Assert.That(Train(threads: 2), Is.EqualTo(one));
        Assert.That(Train(threads: 3), Is.EqualTo(one));
    }

    [Test]
    public void The_loss_falls()
    {
        using var bench = TrainingBench.OnCpu(2);
        double first = bench.Step(1).Total;
        double last = 0;
        for (int step = 2; step <= 25; step++)
            last = bench.Step(step).Total;
        Assert.That(last, Is.LessThan(first - 0.3));
    }

    [Test]
    public void A_modality_without_samples_keeps_its_normalization()
    {
        using var bench = TrainingBench.OnCpu(2);
        bench.Step(1);
        Parameter[] ofNorm = [.. bench.Network.Parameters.All.Where(p => p.Kind is ParameterKind.Statistic)];
        float[][] before = [.. ofNorm.Select(p => p.Value.ToArray<float>())];
        bench.Step(2, ModalityIndex.Single(2, 0, 2 * TrainingBench.SamplesPerModality));
        for (int i = 0; i < ofNorm.Length; i++)
        {
            float[] after = ofNorm[i].Value.ToArray<float>();
            int half = after.Length / 2;
            Assert.That(after[half..], Is.EqualTo(before[i][half..]), ofNorm[i].Name);
            Assert.That(after[..half], Is.Not.EqualTo(before[i][..half]), ofNorm[i].Name);
        }
    }

    [Test]
    public void Without_weight_the_distillation_leaves_no_trace()
    {
        float[] none = Train(2, TrainingBench.Loss(new DistillationConfig { Weight = 0 }));
        float[] otherTemperature = Train(2, TrainingBench.Loss(new DistillationConfig { Weight = 0, Temperature = 7 }));
        Assert.That(otherTemperature, Is.EqualTo(none));
        Assert.That(Train(2), Is.Not.EqualTo(none));
    }

    [Test]
    public void A_loss_that_is_no_number_is_named_and_the_weights_stay()
    {
        using var bench = TrainingBench.OnCpu(1);
        bench.Step(1);
        float[] before = bench.Weights();
        bench.Images[3] = float.NaN;
        Assert.That(
            () => bench.Step(2),
            Throws.TypeOf<NonFiniteLossException>().With.Message.Contains("step 2").And.Message.Contains("Dice loss")
        );
        Assert.That(bench.Weights(), Is.EqualTo(before));
    }

    private static float[] Train(int threads, UmmkdLoss? loss = null)
    {
        using var bench = TrainingBench.OnCpu(threads, loss: loss);
        for (int step = 1; step <= 3; step++)
            bench.Step(step);
        return bench.Weights();
    }
}
