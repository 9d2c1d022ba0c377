using System.Runtime.InteropServices;
using UnpairedSegEngine.Segmentation.Runs;

namespace UnpairedSegEngine.Segmentation.Tests.Runs;

public sealed class StopSignalTests
{
    [Test]
    public void TheFirstSignalAsksToStopAndTheSecondTakesItsDefaultEffect([Values(PosixSignal.SIGINT, PosixSignal.SIGTERM)] PosixSignal signal)
    {
        using var stop = new StopSignal();
        Assert.That(stop.Token.IsCancellationRequested, Is.False);

        PosixSignalContext first = new(signal), second = new(signal);
        stop.Handle(first);
        stop.Handle(second);
        Assert.That((first.Cancel, second.Cancel, stop.Token.IsCancellationRequested), Is.EqualTo((true, false, true)));
    }
}
