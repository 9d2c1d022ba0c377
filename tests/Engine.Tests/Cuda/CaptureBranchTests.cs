using UnpairedSegEngine.Backends.Cuda.Driver;

namespace UnpairedSegEngine.Engine.Tests.Cuda;

/// <summary>
/// Two branches of a captured graph, on the drivers that need no GPU: right edges give right results in every replay, and each
/// mistake gives wrong ones in one of two. Bytes go from source to between on the main stream, on to result on the other, and to
/// last on the main one.
/// </summary>
[NonParallelizable]
[TestFixture("fake")]
[TestFixture("emulated")]
internal sealed unsafe class CaptureBranchTests(string name)
{
    private ICudaDriver driver = null!;
    private nint main,
        aside,
        memory;
    private byte* source,
        between,
        result,
        last;

    [SetUp]
    public void Open()
    {
        if (name == "emulated" && EmulatedCudaDriver.UnavailableReason is { } reason)
            Assert.Ignore(reason);
        driver = name == "emulated" ? new EmulatedCudaDriver() : FakeCuda.OpenDriver();
        (main, aside, memory) = (driver.CreateStream(), driver.CreateStream(), driver.AllocateHost(8));
        source = (byte*)memory;
        between = source + 1;
        result = source + 2;
        last = source + 3;
        new Span<byte>((void*)memory, 8).Clear();
    }

    [TearDown]
    public void Close()
    {
        driver?.FreeHost(memory);
        driver?.Dispose();
    }

    [Test]
    public void Edges_order_the_branches() =>
        Assert.That(
            Replayed(() =>
            {
                Copy(between, source, main);
                Follow(aside, main);
                Copy(result, between, aside);
                Copy(last, source, main);
                Follow(main, aside);
                Copy(last, result, main);
            }),
            Is.EqualTo(new byte[] { 1, 2, 3, 4 })
        );

    [Test]
    public void A_reader_that_does_not_wait_comes_too_early() =>
        Assert.That(
            Replayed(() =>
            {
                Copy(between, source, main);
                Follow(aside, main);
                Copy(result, between, aside);
                Copy(last, result, main);
                Follow(main, aside);
            }),
            Is.EqualTo(new byte[] { 0, 2, 2, 4 })
        );

    [Test]
    public void Memory_that_is_used_again_too_soon_is_overwritten() =>
        Assert.That(
            Replayed(() =>
            {
                Copy(between, source, main);
                Follow(aside, main);
                Copy(result, between, aside);
                Copy(between, between + 4, main);
                Follow(main, aside);
                Copy(last, result, main);
            }),
            Is.EqualTo(new byte[] { 0, 2, 0, 4 })
        );

    /// <summary>The branch is there, and does not wait for what its second piece of work reads.</summary>
    [Test]
    public void Work_that_does_not_wait_reads_what_was_there_before() =>
        Assert.That(
            Replayed(() =>
            {
                Follow(aside, main);
                Copy(between, source, main);
                Copy(result, between, aside);
                Follow(main, aside);
                Copy(last, result, main);
            }),
            Is.EqualTo(new byte[] { 1, 1, 3, 3 })
        );

    [Test]
    public void A_branch_that_is_not_joined_is_refused()
    {
        driver.BeginCapture(main);
        Follow(aside, main);
        Copy(result, source, aside);
        Assert.That(() => driver.EndCapture(main), Throws.TypeOf<CudaException>());
        driver.BeginCapture(main);
        Copy(last, source, main);
        driver.EndCapture(main).Dispose();
        Copy(result, source, aside);
    }

    [Test]
    public void Captured_work_cannot_wait_for_what_is_not_captured()
    {
        using ICudaEvent before = driver.CreateEvent();
        before.Mark(aside);
        driver.BeginCapture(main);
        Assert.That(() => driver.Wait(main, before), Throws.TypeOf<CudaException>());
        driver.EndCapture(main).Dispose();
    }

    [Test]
    public void A_stream_of_a_capture_cannot_be_waited_for()
    {
        driver.BeginCapture(main);
        Follow(aside, main);
        Assert.That(() => driver.Synchronize(aside), Throws.TypeOf<CudaException>());
        Follow(main, aside);
        driver.EndCapture(main).Dispose();
        driver.Synchronize(aside);
    }

    /// <summary>The last byte after replays with sources 1, 2, ...</summary>
    private byte[] Replayed(Action captured)
    {
        driver.BeginCapture(main);
        captured();
        using ICudaGraph graph = driver.EndCapture(main);
        Assert.That(*last, Is.Zero, "nothing has run");
        return
        [
            .. Enumerable
                .Range(1, 4)
                .Select(step =>
                {
                    *source = (byte)step;
                    graph.Launch(0);
                    return *last;
                }),
        ];
    }

    private void Copy(byte* target, byte* from, nint stream) => driver.CopyAsync((nint)target, (nint)from, 1, stream);

    private void Follow(nint stream, nint after)
    {
        using ICudaEvent point = driver.CreateEvent();
        point.Mark(after);
        driver.Wait(stream, point);
    }
}
