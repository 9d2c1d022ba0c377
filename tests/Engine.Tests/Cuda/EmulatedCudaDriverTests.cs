using UnpairedSegEngine.Backends.Cuda;
using UnpairedSegEngine.Backends.Cuda.Compilation;
using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

internal sealed unsafe class EmulatedCudaDriverTests
{
    [Test]
    public void A_kernel_runs_and_a_captured_one_runs_when_it_is_replayed()
    {
        ICudaDriver driver = Open();
        ICudaFunction fill = driver.LoadModule([], "elementwise/elementwise").GetFunction("elementwise_fill");
        float[] y = new float[100];
        fixed (float* target = y)
        {
            var parameters = new CudaSingles.ElementwiseParameters
            {
                Y = (nint)target,
                Count = y.Length,
                Offset = 3,
            };
            driver.Launch(fill, new LaunchGeometry(1, 256), 0, parameters);
            Assert.That(y, Has.All.EqualTo(3));
            driver.BeginCapture(0);
            parameters.Offset = 4;
            driver.Launch(fill, new LaunchGeometry(1, 256), 0, parameters);
            parameters.Offset = 5;
            using ICudaGraph graph = driver.EndCapture(0);
            Assert.That(y, Has.All.EqualTo(3), "recorded, not run");
            graph.Launch(0);
            Assert.That(y, Has.All.EqualTo(4), "with the parameters of the recording");
        }
    }

    [Test]
    public void Misuse_is_one_line_that_names_the_kernel()
    {
        ICudaDriver driver = Open();
        ICudaFunction fill = driver.LoadModule([], "elementwise/elementwise").GetFunction("elementwise_fill");
        Assert.That(
            () => Launch(driver, fill, new LaunchGeometry(1, 1024)),
            Throws
                .TypeOf<CudaException>()
                .With.Message.EqualTo("kernel elementwise_fill: launched with 1024 threads, but made for at most 256")
        );
        Assert.That(
            () => Launch(driver, fill, new LaunchGeometry(1, 1, 1, 32, 50_000)),
            Throws.TypeOf<CudaException>().With.Message.Contains("asks for 50000 bytes of shared memory")
        );
        Assert.That(
            () => driver.Launch(fill, new LaunchGeometry(1, 256), 0, 0L),
            Throws
                .TypeOf<CudaException>()
                .With.Message.Match("elementwise_fill takes [0-9]+ bytes of parameters, but was given 8")
        );
        Assert.That(
            () => driver.LoadModule([], "x").GetFunction("nothing"),
            Throws.TypeOf<CudaException>().With.Message.EqualTo("x has no kernel nothing")
        );
    }

    /// <summary>The list that the compiler is given is the list that the emulator knows.</summary>
    [Test]
    public void Every_kernel_of_the_sources_is_emulated()
    {
        ICudaDriver driver = Open();
        KernelSources sources = KernelSources.Shipped;
        string[] kernels = [.. sources.Files.SelectMany(sources.KernelsOf)];
        Assert.That(kernels, Has.Length.GreaterThan(50).And.Unique);
        foreach (string kernel in kernels)
            Assert.That(driver.LoadModule([], "all").GetFunction(kernel).Name, Is.EqualTo(kernel));
    }

    private static EmulatedCudaDriver Open()
    {
        if (EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        return new EmulatedCudaDriver();
    }

    private static void Launch(ICudaDriver driver, ICudaFunction function, LaunchGeometry geometry)
    {
        var parameters = default(CudaSingles.ElementwiseParameters);
        driver.Launch(function, geometry, 0, parameters);
    }
}
