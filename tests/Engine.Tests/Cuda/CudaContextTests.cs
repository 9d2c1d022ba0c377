using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>
/// Every call of a driver is made in its own context, whatever is current on the thread: the fake driver refuses what belongs to
/// another.
/// </summary>
[NonParallelizable]
internal sealed unsafe class CudaContextTests
{
    private static readonly byte[] Cubin = [0x7F, (byte)'E', (byte)'L', (byte)'F'];

    [Test]
    public void Drivers_of_two_contexts_take_turns_on_one_thread()
    {
        NativeCudaDriver first = FakeCuda.OpenDriver();
        IEnumerator<string>[] users = [Use(first).GetEnumerator(), Use(FakeCuda.OpenDriver(FakeCuda.Open())).GetEnumerator()];
        var calls = new List<string>();
        while (users[0].MoveNext() & users[1].MoveNext())
        {
            calls.Add(users[0].Current);
            FakeCuda.BindContext(0); // as ILGPU does when another accelerator is bound, even a CPU's
        }

        Assert.That(calls, Has.Count.GreaterThan(20));
    }

    [Test]
    public void A_driver_works_on_threads_that_have_no_context()
    {
        using IEnumerator<string> user = Use(FakeCuda.OpenDriver()).GetEnumerator();
        bool more = true;
        while (more)
        {
            Exception? failure = null;
            var thread = new Thread(() =>
            {
                try
                {
                    more = user.MoveNext();
                }
                catch (CudaException exception)
                {
                    failure = exception;
                }
            });
            thread.Start();
            thread.Join();
            Assert.That(failure, Is.Null, $"after: {user.Current}");
        }
    }

    /// <summary>What the tests above rely on.</summary>
    [Test]
    public void The_fake_driver_refuses_a_mix_of_contexts()
    {
        CudaApi api = FakeCuda.Open();
        NativeCudaDriver owner = FakeCuda.OpenDriver(api),
            other = FakeCuda.OpenDriver(api),
            unbound = new(api, 0, () => FakeCuda.BindContext(0));
        ICudaModule module = owner.LoadModule(Cubin, "test");
        ICudaFunction function = module.GetFunction("kernel");
        nint stream = owner.CreateStream(),
            memory = FakeCuda.Allocate(16),
            host = owner.AllocateHost(16);
        ICudaEvent point = owner.CreateEvent();
        Assert.That(
            () => unbound.CreateStream(),
            Throws.TypeOf<CudaException>().With.Message.Contains("CUDA_ERROR_INVALID_CONTEXT")
        );
        Assert.That(
            () => Launch(other, function, 0),
            Throws.TypeOf<CudaException>().With.Message.Contains("CUDA_ERROR_INVALID_HANDLE")
        );
        Assert.That(
            () => other.Synchronize(stream),
            Throws.TypeOf<CudaException>().With.Message.Contains("CUDA_ERROR_INVALID_HANDLE")
        );
        Assert.That(
            () => other.Wait(0, point),
            Throws.TypeOf<CudaException>().With.Message.Contains("CUDA_ERROR_INVALID_HANDLE")
        );
        Assert.That(
            () => other.CopyAsync(memory, host, 16, 0),
            Throws.TypeOf<CudaException>().With.Message.Contains("CUDA_ERROR_ILLEGAL_ADDRESS")
        );
        Assert.That(
            () => other.FreeHost(host),
            Throws.TypeOf<CudaException>().With.Message.Contains("CUDA_ERROR_INVALID_HANDLE")
        );
        Assert.That(() => owner.CopyAsync(memory, host, 16, 0), Throws.Nothing);
    }

    [Test]
    public void Kernels_are_loaded_with_their_module_since_some_are_first_launched_while_a_stream_is_captured()
    {
        NativeCudaDriver driver = FakeCuda.OpenDriver();
        nint stream = driver.CreateStream();
        ICudaFunction function = driver.LoadModule(Cubin, "test").GetFunction("kernel");
        driver.BeginCapture(stream);
        Assert.That(() => Launch(driver, function, stream), Throws.Nothing);
        driver.EndCapture(stream).Dispose();
    }

    /// <summary>Every method once; what it yields was done last.</summary>
    private static IEnumerable<string> Use(NativeCudaDriver driver)
    {
        ICudaModule module = driver.LoadModule(Cubin, "test");
        yield return "load";
        ICudaFunction function = module.GetFunction("kernel");
        yield return "find";
        function.AllowDynamicShared(60_000);
        yield return "allow";
        _ = function.Registers;
        yield return "attribute";
        nint stream = driver.CreateStream();
        yield return "stream";
        Launch(driver, function, 0);
        yield return "launch";
        nint host = driver.AllocateHost(16);
        yield return "host memory";
        driver.SetAsync(host, 1, 8, 0);
        yield return "set";
        driver.CopyAsync(host + 8, host, 8, stream);
        yield return "copy";
        ICudaEvent start = driver.CreateEvent(),
            end = driver.CreateEvent();
        yield return "events";
        start.Record(stream);
        yield return "record";
        end.Record(stream);
        yield return "record again";
        driver.Wait(0, end);
        yield return "wait";
        end.Synchronize();
        yield return "event synchronize";
        _ = end.MillisecondsSince(start);
        yield return "time";
        driver.BeginCapture(stream);
        yield return Captured(driver, function, stream, out ICudaGraph graph);
        graph.Launch(stream);
        yield return "graph";
        driver.Synchronize(stream);
        yield return "synchronize";
        graph.Dispose();
        yield return "graph gone";
        start.Dispose();
        yield return "event gone";
        end.Dispose();
        driver.FreeHost(host);
        yield return "host memory gone";
        driver.DestroyStream(stream);
        yield return "stream gone";
        module.Dispose();
        yield return "module gone";
    }

    /// <summary>One capture at a time: the fake driver has no more.</summary>
    private static string Captured(NativeCudaDriver driver, ICudaFunction function, nint stream, out ICudaGraph graph)
    {
        FakeCuda.BindContext(0);
        Launch(driver, function, stream);
        FakeCuda.BindContext(0);
        graph = driver.EndCapture(stream);
        return "capture";
    }

    private static void Launch(NativeCudaDriver driver, ICudaFunction function, nint stream)
    {
        ulong block = 0;
        driver.Launch(function, new LaunchGeometry(1, 1), stream, block);
    }
}
