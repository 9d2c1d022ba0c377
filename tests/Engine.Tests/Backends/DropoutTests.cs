using UnpairedSegEngine.Backends;
using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class DropoutTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    [Test]
    public void MatchesTheDefinition([Values(1, 7, 8, 33, 129, 70_001)] int size, [Values(0.75, 0.5, 1)] double keep)
    {
        var mask = new DropoutMask(keep, 0x123456789ABCDEF0, 0xFEDCBA9876543210);
        Tensor x = Normal(new Shape(size)),
            y = Output(new Shape(size));
        Backend.Dropout(x, mask, y);
        AssertClose(y, Reference.Dropout(Read(x), mask));
    }

    [Test]
    public void KeepsTheAskedShare()
    {
        Tensor x = Of(new Shape(1 << 16), [.. Enumerable.Repeat(1.0, 1 << 16)]);
        Backend.Dropout(x, new DropoutMask(0.75, 1, 2), x);
        double kept = Read(x).Count(v => v != 0) / 65536.0;
        Assert.That(kept, Is.EqualTo(0.75).Within(4 * Math.Sqrt(0.75 * 0.25 / 65536)));
    }

    [Test]
    public void DroppedInfinityIsZero()
    {
        var mask = new DropoutMask(0.5, 3, 4);
        Tensor x = Of(new Shape(64), [.. Enumerable.Repeat(double.PositiveInfinity, 64)]);
        Backend.Dropout(x, mask, x);
        Assert.That(
            Read(x),
            Is.EqualTo(Enumerable.Range(0, 64).Select(i => Reference.Factor(mask, i) == 0 ? 0 : double.PositiveInfinity))
        );
    }

    [Test]
    public void ResidualAddCentresANarrowShortcut(
        [Values(1, 3, 16, 17)] int narrow,
        [Values(1, 2)] int widening,
        [Values(0.75, 1)] double keep
    )
    {
        int channels = narrow * widening;
        var mask = new DropoutMask(keep, 5, 6);
        Tensor shortcut = Normal(new Shape(2, 1, 3, 33, narrow)),
            branch = Normal(new Shape(2, 1, 3, 33, channels)),
            y = Output(branch.Shape);
        Backend.ResidualAdd(shortcut, branch, mask, y);
        double[] side = Read(shortcut),
            expected = Reference.Dropout(Read(branch), mask);
        int margin = (channels - narrow) / 2;
        for (int i = 0; i < side.Length; i++)
            expected[(i / narrow * channels) + margin + (i % narrow)] += side[i];
        AssertClose(y, expected);
    }
}
