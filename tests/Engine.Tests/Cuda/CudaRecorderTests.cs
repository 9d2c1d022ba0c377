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
            backend.Recorder.Set(new ReplayNumbers(offset, 0));
            recording.Run(0);
            Assert.That(
                y.ToArray<float>(),
                Is.EqualTo(Dropped(Ramp(offset % 5), mask with { Stream = unchecked(mask.Stream + offset) })),
                $"offset {offset}"
            );
        }

        Assert.That(recording.Launches, Is.EqualTo(1));
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

    private static float[] Ramp(double start) => [.. Enumerable.Range(1, Count).Select(i => (float)(start + i))];

    private float[] Dropped(float[] values, DropoutMask mask)
    {
        using Tensor x = Tensor.From<float>(device, new Shape(Count), values),
            y = Tensor.Allocate(device, new Shape(Count), DType.Float32);
        backend.Dropout(x, mask, y);
        return y.ToArray<float>();
    }
}
