using System.Diagnostics;
using System.Runtime.InteropServices;
using UnpairedSegEngine.Runs.Progress;

namespace UnpairedSegEngine.Segmentation.Tests.Runs;

public sealed class StopSignalTests
{
    [Test]
    public void TheFirstSignalAsksToStopAndTheSecondTakesItsDefaultEffect(
        [Values(PosixSignal.SIGINT, PosixSignal.SIGTERM)] PosixSignal signal
    )
    {
        using var stop = new StopSignal();
        Assert.That(stop.Token.IsCancellationRequested, Is.False);

        PosixSignalContext first = new(signal),
            second = new(signal);
        stop.Handle(first);
        stop.Handle(second);
        Assert.That((first.Cancel, second.Cancel, stop.Token.IsCancellationRequested), Is.EqualTo((true, false, true)));
    }

    [Test]
    public void ASignalFromOutsideArrives()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("Windows has no kill");
        using var stop = new StopSignal();
        using Process kill = Process.Start("/bin/sh", ["-c", $"kill -TERM {Environment.ProcessId}"]);
        Assert.That(stop.Token.WaitHandle.WaitOne(TimeSpan.FromSeconds(20)), Is.True);
    }
}
