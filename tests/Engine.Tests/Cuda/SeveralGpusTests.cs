using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Driver;
using UnpairedSegEngine.Backends.Recording;
using UnpairedSegEngine.Devices;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>
/// Two backends, each with ILGPU's context of its own, and accelerators of other kinds in one process. Runs on a GPU, and on the
/// fake driver where the environment names it
/// (.ci/run): a driver's library is loaded once per process.
/// </summary>
[Category("gpu")]
[Category("gpu_fp32")]
internal sealed class SeveralGpusTests
{
    private const int Count = 1000;

    private readonly List<CudaBackend> backends = [];

    [SetUp]
    public void Open()
    {
        try
        {
            backends.AddRange([CudaBackend.Open(), CudaBackend.Open()]);
        }
        catch (CudaException exception)
        {
            Assert.Ignore(exception.Message);
        }
    }

    [TearDown]
    public void Close()
    {
        foreach (CudaBackend backend in backends)
        {
            Device device = backend.Device;
            backend.Dispose();
            device.Dispose();
        }

        backends.Clear();
    }

    [Test]
    public void Two_backends_take_turns_launching_and_replaying()
    {
        using Device processor = Device.OpenCpu();
        Tensor[] x = [.. backends.Select(Allocate)],
            y = [.. backends.Select(Allocate)];
        var recordings = new IRecording[backends.Count];
        for (int i = 0; i < backends.Count; i++)
        {
            int which = i;
            recordings[i] = backends[i].Recorder!.Record(() => backends[which].Affine(x[which], 2, which, y[which]));
        }

        for (int round = 0; round < 3; round++)
        {
            for (int i = 0; i < backends.Count; i++)
            {
                backends[i].Fill(x[i], round + (10 * i));
                processor.Accelerator.Bind();
                recordings[i].Run(0);
                Assert.That(y[i].ToArray<float>(), Has.All.EqualTo((2 * (round + (10 * i))) + i), $"backend {i}, round {round}");
            }
        }

        foreach (IDisposable used in (IDisposable[])[.. recordings, .. x, .. y])
        {
            processor.Accelerator.Bind();
            used.Dispose();
        }
    }

    [Test]
    public void Threads_share_a_backend_one_after_the_other()
    {
        using Tensor x = Allocate(backends[0]),
            y = Allocate(backends[0]);
        foreach (int value in new[] { 3, 4 })
        {
            float[] result = Task
                .Factory.StartNew(
                    () =>
                    {
                        backends[0].Fill(x, value);
                        backends[0].Affine(x, 2, 1, y);
                        return y.ToArray<float>();
                    },
                    TaskCreationOptions.LongRunning
                )
                .Result;
            Assert.That(result, Has.All.EqualTo((2 * value) + 1));
        }
    }

    private static Tensor Allocate(CudaBackend backend) => Tensor.Allocate(backend.Device, new Shape(Count), DType.Float32);
}
