using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

internal sealed class CudaRecorderTests
{
    private const int Count = 1000;

    private Device device = null!;
    private CudaBackend backend = null!;

    [SetUp]
    public void Open()
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        device = Device.OpenCpu();
        backend = CudaBackend.OpenEmulated(device);
    }

    [TearDown]
    public void Close()
    {
        backend?.Dispose();
        Assert.That(device?.Pool.LiveBuffers ?? 0, Is.Zero);
        device?.Dispose();
    }

    [Test]
    public void Recorded_work_reads_its_inputs_and_numbers_each_time_it_runs()
    {
        var mask = new DropoutMask(0.5, 7, 100);
        using IRecordedInput x = backend.Recorder!.CreateInput(new Shape(Count), DType.Float32);
        using Tensor y = Tensor.Allocate(device, new Shape(Count), DType.Float32);
        using IRecording recording = backend.Recorder.Record(() => backend.Dropout(x.Tensor, mask, y));
        foreach (ulong offset in new ulong[] { 0, 3, 1UL << 40, ulong.MaxValue })
        {
            x.Load<float>(Ramp(offset % 5));
            backend.Recorder.Set(new ReplayNumbers(offset, []));
            recording.Run(0);
            Assert.That(
                y.ToArray<float>(),
                Is.EqualTo(Dropped(Ramp(offset % 5), mask with { Stream = unchecked(mask.Stream + offset) })),
                $"offset {offset}"
            );
        }

        Assert.That(recording.Launches, Is.EqualTo(2), "the mask is drawn, and read");
    }

    [Test]
    public void A_mask_is_drawn_once_for_all_parts_that_read_it()
    {
        DropoutMask[] masks = [.. Enumerable.Range(0, 70).Select(i => new DropoutMask(0.5, 7, (ulong)i))];
        using Tensor x = Tensor.From(device, new Shape(Count), Ramp(0)),
            y = Tensor.Allocate(device, new Shape(Count), DType.Float32),
            half = Tensor.From(device, new Shape(Count / 2), Ramp(0)[..(Count / 2)]);
        using IRecording recording = backend.Recorder!.Record(
            () => backend.Dropout(x, masks[^1], y),
            () =>
            {
                foreach (DropoutMask mask in masks)
                    backend.Dropout(x, mask, y);
                backend.Dropout(half, masks[0], half);
            }
        );
        backend.Recorder.Set(new ReplayNumbers(0, []));
        recording.Run(0);
        Assert.That(y.ToArray<float>(), Is.EqualTo(Dropped(Ramp(0), masks[^1])));
        backend.Fill(y, 0);
        recording.Run(1);
        Assert.That(y.ToArray<float>(), Is.EqualTo(Dropped(Ramp(0), masks[^1])));
        Assert.That(half.ToArray<float>(), Is.EqualTo(Dropped(Ramp(0)[..(Count / 2)], masks[0])));
        Assert.That(recording.Launches, Is.EqualTo(72 + 1 + 2), "one launch before part 0, and two of at most 64 before part 1");
        Assert.That(recording.PreparedBytes, Is.GreaterThanOrEqualTo(71 * Count / 8));
    }

    [Test]
    public void Parts_run_apart_and_share_memory_that_is_set_apart()
    {
        using Tensor y = Tensor.Allocate(device, new Shape(Count), DType.Float32);
        Tensor between = null!;
        using (
            IRecording recording = backend.Recorder!.Record(
                () =>
                {
                    between = Tensor.Allocate(device, new Shape(Count), DType.Float32);
                    backend.Fill(between, 3);
                },
                () =>
                {
                    backend.Affine(between, 2, 1, y);
                    between.Dispose();
                }
            )
        )
        {
            backend.Fill(y, 0);
            recording.Run(0);
            using Tensor other = Tensor.Allocate(device, new Shape(Count), DType.Float32);
            backend.Fill(other, 9);
            recording.Run(1);
            Assert.That(y.ToArray<float>(), Has.All.EqualTo(7));
            Assert.That(recording.PeakBytes, Is.InRange(Count * sizeof(float), 4096));
        }

        long held = device.Pool.ReservedBytes;
        using Tensor again = Tensor.Allocate(device, new Shape(Count), DType.Float32);
        Assert.That(device.Pool.ReservedBytes, Is.EqualTo(held), "the recording gave its memory back");
    }

    [Test]
    public void What_cannot_be_recorded_is_refused_and_leaves_nothing_behind()
    {
        using Tensor x = Tensor.Allocate(device, new Shape(4, 4), DType.Float32),
            doubles = Tensor.Allocate(device, new Shape(4, 4), DType.Float64);
        Assert.That(
            () => backend.Recorder!.Record(() => backend.Softmax(doubles, 4, 4, 1, doubles)),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("SoftmaxKernel")
        );
        Assert.That(
            () => backend.Recorder!.Record(() => x.ToArray<float>()),
            Throws.TypeOf<NotSupportedException>().With.Message.EqualTo("a copy to the host cannot be recorded")
        );
        backend.Fill(x, 1);
        Assert.That(x.ToArray<float>(), Has.All.EqualTo(1), "the backend works on");
    }

    /// <summary>The generator's turn reads the critic's weights after their update in the same step.</summary>
    [TestCase(new[] { 1, 1, 1, 1 })]
    [TestCase(new[] { 1, 1, 2 })]
    [TestCase(new[] { 2, 2 })]
    public void Several_optimizers_take_turns_with_the_bits_of_launched_steps(int[] sizes)
    {
        using AlternatingPlayers launched = new(backend),
            replayed = new(backend);
        launched.Step(1);
        replayed.Step(1);
        using IRecording recording = replayed.Record(Joined(replayed.Plan(2), sizes));
        for (int step = 2; step <= 5; step++)
        {
            launched.Step(step);
            replayed.Replay(recording, step, sizes.Length);
            Assert.That(replayed.AllWeights(), Is.EqualTo(launched.AllWeights()), $"weights after step {step}");
        }
    }

    /// <summary>The same bits with gradients of weights in the order of the launches, which hold less memory.</summary>
    [Test]
    public void A_recording_may_have_one_branch()
    {
        using Device other = Device.OpenCpu();
        using CudaBackend single = CudaBackend.OpenEmulated(other, branches: false);
        using AlternatingPlayers inOne = new(single),
            inTwo = new(backend);
        inOne.Step(1);
        inTwo.Step(1);
        using IRecording one = inOne.Record(inOne.Plan(2)),
            two = inTwo.Record(inTwo.Plan(2));
        for (int step = 2; step <= 4; step++)
        {
            inOne.Replay(one, step);
            inTwo.Replay(two, step);
            Assert.That(inTwo.AllWeights(), Is.EqualTo(inOne.AllWeights()), $"weights after step {step}");
        }

        Assert.That(two.Launches, Is.EqualTo(one.Launches));
        Assert.That(two.PeakBytes, Is.GreaterThan(one.PeakBytes));
    }

    /// <summary>
    /// In both orders of the branches: what reads gradients of weights on the main branch waits for them, and memory that they
    /// read
    /// is not lent before.
    /// </summary>
    [Test]
    public void Gradients_of_weights_can_be_read_at_once_and_what_they_read_freed()
    {
        ConvolutionProblem problem = ConvolutionProblem.Same(new Shape(1, 1, 9, 7, 4), new Shape(1, 3, 3, 4, 8));
        using Tensor gradient = Tensor.From(device, problem.OutputShape, Ramp(0)[..(9 * 7 * 8)]),
            direct = Tensor.Allocate(device, problem.WeightShape, DType.Float32),
            summed = Tensor.Allocate(device, problem.WeightShape, DType.Float32),
            expected = Tensor.Allocate(device, problem.WeightShape, DType.Float32);
        using IRecordedInput x = backend.Recorder!.CreateInput(problem.InputShape, DType.Float32);
        using IRecording recording = backend.Recorder.Record(() =>
        {
            Gradient(1, direct);
            using Tensor first = Tensor.Allocate(device, problem.WeightShape, DType.Float32),
                second = Tensor.Allocate(device, problem.WeightShape, DType.Float32);
            Gradient(2, first);
            Gradient(3, second);
            backend.Binary(BinaryFunction.Add, first, second, summed);
        });
        for (int step = 1; step <= 4; step++)
        {
            x.Load<float>(Ramp(step)[..(9 * 7 * 4)]);
            backend.Recorder.Set(new ReplayNumbers(0, []));
            recording.Run(0);
            backend.ConvolutionBackwardWeights(problem, x.Tensor, gradient, expected);
            float[] once = expected.ToArray<float>();
            Assert.That(direct.ToArray<float>(), Is.EqualTo(once), $"step {step}");
            Assert.That(
                summed.ToArray<float>(),
                Is.EqualTo(once.Select(value => 5 * value)).Within(1e-5).Percent,
                $"step {step}"
            );
        }

        void Gradient(double factor, Tensor gw)
        {
            using (Tensor scaled = Tensor.Allocate(device, problem.InputShape, DType.Float32))
            {
                backend.Affine(x.Tensor, factor, 0, scaled);
                backend.ConvolutionBackwardWeights(problem, scaled, gradient, gw);
            }

            using Tensor other = Tensor.Allocate(device, problem.InputShape, DType.Float32);
            backend.Fill(other, 1e9);
        }
    }

    /// <summary>Shares of weights are put in their place by copies that follow on the same branch.</summary>
    [Test]
    public void Copies_of_gradients_of_weights_stay_on_their_branch()
    {
        ConvolutionProblem problem = ConvolutionProblem.Same(new Shape(1, 1, 9, 7, 4), new Shape(1, 3, 3, 4, 8));
        using Tensor gradient = Tensor.From(device, problem.OutputShape, Ramp(0)[..(9 * 7 * 8)]),
            input = Tensor.From(device, problem.InputShape, Ramp(3)[..(9 * 7 * 4)]),
            share = Tensor.Allocate(device, problem.WeightShape, DType.Float32),
            whole = Tensor.Allocate(device, new Shape(1, 3, 3, 4, 16), DType.Float32),
            copy = Tensor.Allocate(device, whole.Shape, DType.Float32);
        backend.Fill(whole, 0);
        using IRecording recording = backend.Recorder!.Record(() =>
        {
            backend.ConvolutionBackwardWeights(problem, input, gradient, share);
            backend.CopyChannels(share, 0, whole, 8, 8);
            backend.Affine(whole, 1, 0, copy);
        });
        for (int step = 1; step <= 2; step++)
        {
            backend.Fill(share, 0);
            backend.Fill(whole, 0);
            recording.Run(0);
            float[] expected = share.ToArray<float>();
            Assert.That(expected, Has.Some.Not.Zero);
            Assert.That(copy.ToArray<float>().Chunk(16).SelectMany(row => row[8..]), Is.EqualTo(expected), $"step {step}");
        }
    }

    /// <summary>One recording of several steps has twice as many parts, each with the weights of its turn.</summary>
    [Test]
    public void A_plan_has_any_number_of_parts()
    {
        using AlternatingPlayers launched = new(backend),
            replayed = new(backend);
        launched.Step(1);
        replayed.Step(1);
        Action[] criticTwice = [.. replayed.Plan(2)[..2], .. replayed.Plan(2)];
        using IRecording recording = replayed.Record(criticTwice);
        for (int step = 2; step <= 4; step++)
        {
            using (TensorScope.Open(device))
            {
                foreach (Action part in (Action[])[.. launched.Plan(step)[..2], .. launched.Plan(step)])
                    part();
            }

            replayed.Replay(recording, step, criticTwice.Length);
            Assert.That(replayed.AllWeights(), Is.EqualTo(launched.AllWeights()), $"weights after step {step}");
        }
    }

    /// <summary>
    /// A change that is no optimizer's is none that the recorder knows of, so it keeps the old packing: the comparison above sees
    /// that.
    /// </summary>
    [Test]
    public void An_old_packing_is_noticed()
    {
        void Halve(Tensor w) => backend.Affine(w, 0.5, 0, w);
        using AlternatingPlayers launched = new(backend) { AfterCritic = Halve },
            replayed = new(backend) { AfterCritic = Halve };
        launched.Step(1);
        replayed.Step(1);
        using IRecording recording = replayed.Record(replayed.Plan(2));
        launched.Step(2);
        replayed.Replay(recording, 2);
        Assert.That(replayed.AllWeights(), Is.Not.EqualTo(launched.AllWeights()));
    }

    [Test]
    public void Convolving_with_weights_that_the_same_part_updates_is_refused()
    {
        using AlternatingPlayers players = new(backend);
        players.Step(1);
        Action[] plan = players.Plan(2);
        Assert.That(
            () => players.Record(plan[0], Joined(plan[1..3], [2])[0], plan[3]),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("part 1").And.Message.Contains("put a border between")
        );
        players.Step(2);
    }

    [Test]
    public void Two_rates_in_one_slot_are_refused()
    {
        using AlternatingPlayers players = new(backend, criticSlot: 3, generatorSlot: 3),
            beyond = new(backend, generatorSlot: ReplayNumbers.MostRates);
        players.Step(1);
        Assert.That(
            () => players.Record(players.Plan(2)),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("rate slot, 3")
        );
        Assert.That(
            () => beyond.Record(beyond.Plan(2)),
            Throws.TypeOf<NotSupportedException>().With.Message.Contains("rate slot 16")
        );
    }

    [Test]
    public void A_recorded_update_without_a_rate_does_not_run()
    {
        using AlternatingPlayers players = new(backend);
        players.Step(1);
        using IRecording recording = players.Record(players.Plan(2));
        backend.Recorder!.Set(new ReplayNumbers(0, [0.1]));
        Assert.That(() => recording.Run(0), Throws.InvalidOperationException.With.Message.Contains("2 slots"));
        Assert.That(
            () => backend.Recorder.Set(new ReplayNumbers(0, new double[ReplayNumbers.MostRates + 1])),
            Throws.ArgumentException
        );
    }

    /// <summary>Neighbouring parts as one.</summary>
    private static Action[] Joined(Action[] parts, int[] sizes)
    {
        int next = 0;
        return [.. sizes.Select(size => (Action)Delegate.Combine(parts[next..(next += size)])!)];
    }

    private static float[] Ramp(double start) => [.. Enumerable.Range(1, Count).Select(i => (float)(start + i))];

    private float[] Dropped(float[] values, DropoutMask mask)
    {
        using Tensor x = Tensor.From<float>(device, new Shape(values.Length), values),
            y = Tensor.Allocate(device, x.Shape, DType.Float32);
        backend.Dropout(x, mask, y);
        return y.ToArray<float>();
    }
}
