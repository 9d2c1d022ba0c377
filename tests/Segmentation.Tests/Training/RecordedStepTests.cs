using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Methods.Ummkd;
using UnpairedSegEngine.Segmentation.Data;
using UnpairedSegEngine.Segmentation.Networks;
using UnpairedSegEngine.Training;
using UnpairedSegEngine.Training.Configuration;

namespace UnpairedSegEngine.Segmentation.Tests.Training;

/// <summary>Steps that replay a captured graph, against steps that launch every kernel.</summary>
internal sealed class RecordedStepTests
{
    /// <summary>Dropout, the rate, images and running statistics differ from step to step.</summary>
    [TestCase("cuda emulated Fp32", NetworkName.Dilated2d)]
    [TestCase("cuda emulated Bf16", NetworkName.Unet3d)]
    [TestCase("cuda emulated Bf16", NetworkName.Dilated2d)]
    [TestCase("gpu Fp32", NetworkName.Dilated2d, Category = "gpu")]
    [TestCase("gpu Bf16", NetworkName.Dilated2d, Category = "gpu")]
    [TestCase("gpu Bf16x3", NetworkName.Unet3d, Category = "gpu")]
    [TestCase("gpu Bf16x6", NetworkName.Unet3d, Category = "gpu")]
    [TestCase("cuda emulated Fp32", NetworkName.Unet3d, OptimizerName.Sgd)]
    [TestCase("gpu Fp32", NetworkName.Unet3d, OptimizerName.Sgd, Category = "gpu")]
    [TestCase("cuda emulated Fp32", NetworkName.Unet3d, OptimizerName.Sgd, 0.1)]
    [TestCase("gpu Fp32", NetworkName.Unet3d, OptimizerName.Adam, 0.1, Category = "gpu")]
    public void Replayed_steps_have_the_bits_of_launched_ones(
        string backend,
        NetworkName network,
        OptimizerName optimizer = OptimizerName.Adam,
        double clip = 0
    )
    {
        using TrainingBench launched = Bench(BackendByName.Open(backend, records: false), network, optimizer, clip: clip),
            replayed = Bench(BackendByName.Open(backend), network, optimizer, clip: clip);
        for (int step = 1; step <= 3; step++)
        {
            foreach (TrainingBench bench in new[] { launched, replayed })
                bench.Images[0] = step;
            Assert.That(replayed.Step(step).Total, Is.EqualTo(launched.Step(step).Total), $"loss of step {step}");
            Assert.That(replayed.Weights(), Is.EqualTo(launched.Weights()), $"weights after step {step}");
        }

        Assert.That(launched.Recording, Is.Null);
        Assert.That(replayed.Recording, Is.Not.Null);
        foreach (
            ((string name, float[] values), float[] others) in Moments(launched).Zip(Moments(replayed), (a, b) => (a, b.Values))
        )
            Assert.That(others, Is.EqualTo(values), name);
    }

    /// <summary>Of turns, weights change twice in a step and are read by convolutions in between; shares of styles are of the
    /// step.</summary>
    [TestCase("cuda emulated Fp32", NetworkName.Unet3d, SchemeName.Alternating)]
    [TestCase("cuda emulated Fp32", NetworkName.Unet3d, SchemeName.StyleMixing)]
    [TestCase("cuda emulated Bf16", NetworkName.Unet3d, SchemeName.StyleMixing)]
    [TestCase("gpu Fp32", NetworkName.Unet3d, SchemeName.Alternating, Category = "gpu")]
    [TestCase("gpu Fp32", NetworkName.Unet3d, SchemeName.StyleMixing, Category = "gpu")]
    public void Replayed_schemes_have_the_bits_of_launched_ones(string backend, NetworkName network, SchemeName scheme)
    {
        using TrainingBench launched = Of(BackendByName.Open(backend, records: false)),
            replayed = Of(BackendByName.Open(backend));
        for (int step = 1; step <= 3; step++)
        {
            foreach (TrainingBench bench in new[] { launched, replayed })
                bench.Images[0] = step;
            Assert.That(replayed.Step(step).Terms, Is.EqualTo(launched.Step(step).Terms), $"losses of step {step}");
            Assert.That(replayed.Weights(), Is.EqualTo(launched.Weights()), $"weights after step {step}");
        }

        Assert.That(replayed.Recording, Is.Not.Null);

        TrainingBench Of(Backend on) => new(on, ownsDevice: true, network: network, size: 8, scheme: Scheme.Of(scheme));
    }

    [TestCase(NetworkName.Dilated2d)]
    [TestCase(NetworkName.Unet3d)]
    public void Samples_are_varied_within_the_recording(NetworkName network)
    {
        using TrainingBench launched = Varying(records: false),
            replayed = Varying(records: true),
            still = Bench(BackendByName.Open("cuda emulated Fp32"), network, OptimizerName.Adam);
        for (int step = 1; step <= 3; step++)
        {
            foreach (TrainingBench bench in new[] { launched, replayed })
                bench.Images[0] = step;
            Assert.That(replayed.Step(step).Total, Is.EqualTo(launched.Step(step).Total), $"loss of step {step}");
            Assert.That(replayed.Weights(), Is.EqualTo(launched.Weights()), $"weights after step {step}");
        }

        Assert.That(replayed.Recording, Is.Not.Null);
        still.Step(1);
        still.Step(2);
        Assert.That(replayed.Recording!.Launches, Is.EqualTo(still.Recording!.Launches + 2), "resampling and intensities");

        TrainingBench Varying(bool records) =>
            Bench(
                BackendByName.Open("cuda emulated Fp32", records),
                network,
                OptimizerName.Adam,
                new Augmentation(new AugmentationSettings { ElasticPixels = 1 })
            );
    }

    [Test]
    public void A_recording_holds_all_the_memory_of_its_steps()
    {
        using TrainingBench bench = Open(records: true);
        bench.Step(1);
        bench.Step(2);
        MemoryPool pool = bench.Device.Pool;
        (long allocations, int live) = (pool.DeviceAllocations, pool.LiveBuffers);
        for (int step = 3; step <= 6; step++)
            bench.Step(step);
        Assert.That(pool.DeviceAllocations, Is.EqualTo(allocations), "device allocations after the recording");
        Assert.That(pool.LiveBuffers, Is.EqualTo(live), "buffers that outlived their step");
        Assert.That(bench.Recording!.PeakBytes, Is.GreaterThan(bench.Recording.WorkspaceBytes).And.LessThan(pool.ReservedBytes));
        Assert.That(bench.Recording.WorkspaceBytes, Is.Positive);
    }

    /// <summary>Memory that is rented between steps is none that the graph writes.</summary>
    [Test]
    public void What_lives_beside_a_recording_is_left_alone()
    {
        using TrainingBench bench = Open(records: true);
        bench.Step(1);
        bench.Step(2);
        DeviceBuffer[] beside = [.. Enumerable.Range(0, 200).Select(i => bench.Device.Pool.Rent(256 << (i % 8)))];
        foreach (DeviceBuffer buffer in beside)
            Bytes(buffer).Fill(0xA5);
        bench.Step(3);
        foreach (DeviceBuffer buffer in beside)
        {
            Assert.That(Bytes(buffer).IndexOfAnyExcept((byte)0xA5), Is.Negative);
            bench.Device.Pool.Return(buffer);
        }
    }

    [Test]
    public void A_loss_that_is_no_number_is_named_and_nothing_changes()
    {
        using TrainingBench bench = Open(records: true);
        bench.Step(1);
        bench.Step(2);
        float[] before = [.. bench.Weights(), .. Moments(bench).SelectMany(moment => moment.Values)];
        float image = bench.Images[3];
        bench.Images[3] = float.NaN;
        Assert.That(() => bench.Step(3), Throws.TypeOf<NonFiniteLossException>().With.Message.Contains("step 3"));
        Assert.That((float[])[.. bench.Weights(), .. Moments(bench).SelectMany(moment => moment.Values)], Is.EqualTo(before));
        bench.Images[3] = image;
        Assert.That(bench.Step(3).Total, Is.Not.NaN, "the recording goes on");
    }

    [Test]
    public void Batches_of_another_kind_are_recorded_anew()
    {
        using TrainingBench launched = Open(records: false),
            replayed = Open(records: true);
        ModalityIndex single = ModalityIndex.Single(2, 0, 2 * TrainingBench.SamplesPerModality);
        ModalityIndex?[] kinds = [null, null, single, single, single, null, null];
        for (int i = 0; i < kinds.Length; i++)
        {
            launched.Step(i + 1, kinds[i]);
            replayed.Step(i + 1, kinds[i]);
            Assert.That(replayed.Weights(), Is.EqualTo(launched.Weights()), $"step {i + 1}");
        }
    }

    [Test]
    public void Everything_is_given_back_at_the_end()
    {
        Device device = Device.OpenCpu();
        using (TrainingBench bench = Open(records: true, device: device))
        {
            bench.Step(1);
            bench.Step(2);
        }

        Assert.That(device.Pool.LiveBuffers, Is.Zero);
        device.Dispose();
    }

    private static TrainingBench Bench(
        Backend backend,
        NetworkName network,
        OptimizerName optimizer,
        Augmentation? augmentation = null,
        double clip = 0
    ) =>
        new(
            backend,
            ownsDevice: true,
            network: network,
            size: 8,
            optimizer: new OptimizerConfig
            {
                Name = optimizer,
                LearningRate = 3e-3,
                DecayFactor = 0.5,
                DecayEvery = 1,
                Nesterov = true,
                Clip = clip,
            }
        )
        {
            Augmentation = augmentation,
        };

    private static TrainingBench Open(bool records, Device? device = null)
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        return new TrainingBench(
            CudaBackend.OpenEmulated(device ?? Device.OpenCpu(), ConvolutionPrecision.Fp32, records),
            ownsDevice: device is null,
            network: NetworkName.Unet3d,
            size: 8
        );
    }

    private static IEnumerable<(string Name, float[] Values)> Moments(TrainingBench bench) =>
        bench.OptimizerState.Select(state => (state.Name, state.Value.ToArray<float>()));

    private static unsafe Span<byte> Bytes(DeviceBuffer buffer) => new((void*)buffer.Pointer, (int)buffer.Capacity);
}
