using System.Runtime.InteropServices;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>Every line of the bindings, against the fake driver.</summary>
[NonParallelizable]
internal sealed unsafe class NativeCudaDriverTests
{
    private static readonly byte[] Cubin = [0x7F, (byte)'E', (byte)'L', (byte)'F', 1, 2, 3];

    [Test]
    public void Properties_are_those_of_the_device()
    {
        var driver = FakeCuda.OpenDriver(("CAPABILITY", 86));
        Assert.That(
            driver.Properties,
            Is.EqualTo(new CudaDeviceProperties("Fake GPU 0", 86, 4, 227 * 1024, 1_980_000, 2_619_000, 6144))
        );
        Assert.That(driver.Description, Is.EqualTo("driver api 13.0"));
    }

    [Test]
    public void A_launch_carries_geometry_stream_and_parameters()
    {
        var driver = FakeCuda.OpenDriver();
        using ICudaModule module = driver.LoadModule(Cubin, "test");
        ICudaFunction function = module.GetFunction("kernel_a");
        function.AllowDynamicShared(100_000);
        uint block = 0xCAFE1234;
        driver.Launch(function, new LaunchGeometry(3, 4, 5, 128, 90_000), 0, block);
        driver.Launch(function, new LaunchGeometry(1, 32), driver.CreateStream(), block);
        Assert.That(FakeCuda.Journal(), Has.Length.EqualTo(4));
        Assert.That(
            FakeCuda.Journal()[..3],
            Is.EqualTo(
                new[] { "load cubin", "allow kernel_a 100000", "launch kernel_a 3x4x5 128 90000 stream 0 parameter cafe1234" }
            )
        );
        Assert.That(FakeCuda.Journal()[3], Does.Match("^launch kernel_a 1x1x1 32 0 stream [1-9][0-9]* parameter cafe1234$"));
        Assert.That(
            (function.Name, function.Registers, function.LocalBytes, function.StaticSharedBytes),
            Is.EqualTo(("kernel_a", 32, 0, 0))
        );
    }

    [Test]
    public void A_launch_allocates_nothing()
    {
        var driver = FakeCuda.OpenDriver();
        using ICudaModule module = driver.LoadModule(Cubin, "test");
        ICudaFunction function = module.GetFunction("kernel");
        uint block = 1;
        driver.Launch(function, new LaunchGeometry(1, 1), 0, block);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            driver.Launch(function, new LaunchGeometry(1, 1), 0, block);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
    }

    [TestCase("7F454C46", "cubin")]
    [TestCase("50ED55BA", "fatbin")]
    [TestCase("2E766572", "ptx")]
    public void All_kinds_of_images_are_loaded(string start, string kind)
    {
        var driver = FakeCuda.OpenDriver();
        driver.LoadModule(Convert.FromHexString(start), "test").Dispose();
        Assert.That(FakeCuda.Journal(), Is.EqualTo(new[] { $"load {kind}", "unload" }));
    }

    [Test]
    public void A_captured_graph_is_replayed()
    {
        var driver = FakeCuda.OpenDriver();
        using ICudaModule module = driver.LoadModule(Cubin, "test");
        ICudaFunction function = module.GetFunction("kernel");
        nint stream = driver.CreateStream();
        uint block = 1;
        driver.BeginCapture(stream);
        driver.Launch(function, new LaunchGeometry(1, 32), stream, block);
        Assert.That(
            () => driver.Synchronize(stream),
            Throws.TypeOf<CudaException>(),
            "a stream that is captured cannot be waited for"
        );
        using ICudaGraph graph = driver.EndCapture(stream);
        graph.Launch(stream);
        graph.Launch(stream);
        driver.Synchronize(stream);
        driver.DestroyStream(stream);
        Assert.That(
            FakeCuda.Journal().Select(line => line.Split(' ')[0]),
            Is.EqualTo(new[] { "load", "begin", "launch", "end", "launch", "launch" })
        );
    }

    [Test]
    public void Events_measure_and_memory_is_set_and_copied()
    {
        var driver = FakeCuda.OpenDriver();
        using ICudaEvent start = driver.CreateEvent(),
            end = driver.CreateEvent();
        start.Record(0);
        end.Record(0);
        end.Synchronize();
        Assert.That(end.MillisecondsSince(start), Is.EqualTo(1.5));
        var source = stackalloc byte[8];
        var target = stackalloc byte[8];
        driver.SetAsync((nint)source, 7, 8, 0);
        driver.CopyAsync((nint)target, (nint)source, 8, 0);
        Assert.That(new ReadOnlySpan<byte>(target, 8).ToArray(), Has.All.EqualTo(7));
    }

    [Test]
    public void Copies_and_events_of_a_capture_happen_when_its_graph_runs()
    {
        var driver = FakeCuda.OpenDriver();
        nint stream = driver.CreateStream(),
            host = driver.AllocateHost(16);
        byte* source = (byte*)host,
            target = source + 8;
        (*source, *target) = (1, 0);
        using ICudaEvent start = driver.CreateEvent(),
            end = driver.CreateEvent();
        start.Record(stream);
        driver.BeginCapture(stream);
        driver.CopyAsync((nint)target, (nint)source, 8, stream);
        end.Record(stream);
        using ICudaGraph graph = driver.EndCapture(stream);
        Assert.That(*target, Is.Zero);
        graph.Launch(stream);
        Assert.That(*target, Is.EqualTo(1));
        Assert.That(end.MillisecondsSince(start), Is.EqualTo(1.5));
        graph.Launch(stream);
        Assert.That(end.MillisecondsSince(start), Is.EqualTo(3));
        driver.Wait(stream, end);
        driver.FreeHost(host);
        driver.DestroyStream(stream);
    }

    [TestCase(
        "VERSION",
        11080,
        "the CUDA driver supports CUDA 11.8, but 12.0 is needed; update NVIDIA's driver, or use --device cpu"
    )]
    [TestCase("DEVICES", 0, "cannot start the CUDA driver: CUDA_ERROR_NO_DEVICE (no CUDA-capable device is detected)")]
    public void A_driver_that_cannot_serve_is_refused_in_one_line(string setting, long value, string message) =>
        Assert.That(() => FakeCuda.Open((setting, value)), Throws.TypeOf<CudaException>().With.Message.EqualTo(message));

    [Test]
    public void An_image_for_another_architecture_is_named()
    {
        var driver = FakeCuda.OpenDriver(("IMAGE", 209), ("CAPABILITY", 70));
        Assert.That(
            () => driver.LoadModule(Cubin, "convolution/forward"),
            Throws
                .TypeOf<CudaException>()
                .With.Message.EqualTo(
                    "cannot load the kernel image of convolution/forward on Fake GPU 0 of compute capability 7.0: "
                        + "CUDA_ERROR_NO_BINARY_FOR_GPU "
                        + "(no kernel image is available for execution on the device); build or compile the kernels for "
                        + "this GPU (unpairedseg kernels)"
                )
        );
    }

    [Test]
    public void The_first_line_of_the_assembler_is_shown()
    {
        var driver = FakeCuda.OpenDriver(("IMAGE", 218));
        Assert.That(
            () => driver.LoadModule(Cubin, "x"),
            Throws
                .TypeOf<CudaException>()
                .With.Message.Contains("(ptxas fatal: Unresolved extern function)")
                .And.Message.Not.Contains("more")
        );
    }

    [Test]
    public void An_empty_image_is_refused()
    {
        var driver = FakeCuda.OpenDriver();
        Assert.That(
            () => driver.LoadModule([], "x"),
            Throws.TypeOf<CudaException>().With.Message.Contains("kernel image of x is empty")
        );
    }

    [Test]
    public void A_failed_launch_names_kernel_and_geometry()
    {
        var driver = FakeCuda.OpenDriver();
        using ICudaModule module = driver.LoadModule(Cubin, "test");
        ICudaFunction function = module.GetFunction("kernel_b");
        Assert.That(
            () => Launch(driver, function, 60_000),
            Throws
                .TypeOf<CudaException>()
                .With.Message.EqualTo(
                    "cannot launch kernel_b with 2 x 1 x 1 blocks of 64 threads and 60000 bytes of shared memory: "
                        + "CUDA_ERROR_INVALID_VALUE (invalid argument)"
                )
        );
        FakeCuda.Set("LAUNCH", 700);
        Assert.That(
            () => Launch(driver, function, 0),
            Throws.TypeOf<CudaException>().With.Property("Code").EqualTo(700).And.Message.Contains("the GPU's context is lost")
        );
    }

    [Test]
    public void A_library_without_the_functions_is_too_old() =>
        Assert.That(
            () => new CudaApi(NativeLibrary.Load("libc.so.6")),
            Throws.TypeOf<CudaException>().With.Message.Contains("has no function cuGetErrorName")
        );

    private static void Launch(NativeCudaDriver driver, ICudaFunction function, int shared)
    {
        uint block = 0;
        driver.Launch(function, new LaunchGeometry(2, 1, 1, 64, shared), 0, block);
    }
}
