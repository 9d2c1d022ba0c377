using UnpairedSegEngine.Random;

namespace UnpairedSegEngine.Engine.Tests.Random;

[TestFixture]
public class PhiloxTests
{
    /// <summary>Known answers of the Random123 distribution (kat_vectors, philox4x32 10).</summary>
    [TestCase(
        0x00000000_00000000ul,
        0x00000000u,
        0x00000000u,
        0x00000000u,
        0x00000000u,
        0x6627e8d5u,
        0xe169c58du,
        0xbc57ac4cu,
        0x9b00dbd8u
    )]
    [TestCase(
        0xffffffff_fffffffful,
        0xffffffffu,
        0xffffffffu,
        0xffffffffu,
        0xffffffffu,
        0x408f276du,
        0x41c83b0eu,
        0xa20bc7c6u,
        0x6d5451fdu
    )]
    [TestCase(
        0x299f31d0_a4093822ul,
        0x243f6a88u,
        0x85a308d3u,
        0x13198a2eu,
        0x03707344u,
        0xd16cfe09u,
        0x94fdccebu,
        0x5001e420u,
        0x24126ea1u
    )]
    public void Block_GivesRandom123Answers(ulong key, uint c0, uint c1, uint c2, uint c3, uint x, uint y, uint z, uint w) =>
        Assert.That(Philox.Block(key, c0, c1, c2, c3), Is.EqualTo(new PhiloxWords(x, y, z, w)));

    [Test]
    public void Uniform_StaysBelowOneAndReachesZero()
    {
        Assert.That(Philox.Uniform(uint.MaxValue), Is.LessThan(1f));
        Assert.That(Philox.Uniform(0), Is.Zero);
        Assert.That(Philox.Uniform(uint.MaxValue, 3f, 3f), Is.EqualTo(3f));
    }

    [Test]
    public void Skip_PassesOverAsManyWords()
    {
        for (int drawn = 0; drawn < 6; drawn++)
        {
            for (int skipped = 0; skipped < 10; skipped++)
            {
                PhiloxStream one = new(1, 2, 3, 4),
                    other = new(1, 2, 3, 4);
                for (int i = 0; i < drawn; i++)
                    Assert.That(one.NextWord(), Is.EqualTo(other.NextWord()));
                for (int i = 0; i < skipped; i++)
                    one.NextWord();
                other.Skip(skipped);
                Assert.That((one.Position, other.Position), Is.EqualTo((drawn + skipped, drawn + skipped)));
                Assert.That(other.NextWord(), Is.EqualTo(one.NextWord()), $"{skipped} words after {drawn}");
            }
        }
    }

    [Test]
    public void Index_CoversItsRangeEvenly()
    {
        var counts = new int[7];
        var stream = new PhiloxStream(1, 2, 3, 4);
        for (int i = 0; i < 70_000; i++)
            counts[stream.NextIndex(7)]++;
        Assert.That(counts, Is.All.InRange(9_600, 10_400));
    }

    [Test]
    public void Normal_HasZeroMeanAndUnitVariance()
    {
        const int draws = 100_000;
        var stream = new PhiloxStream(11, 0, 0, 0);
        double sum = 0,
            squares = 0;
        for (int i = 0; i < draws; i++)
        {
            float value = stream.NextNormal();
            Assert.That(float.IsFinite(value), Is.True);
            sum += value;
            squares += (double)value * value;
        }
        Assert.That(sum / draws, Is.EqualTo(0).Within(0.015));
        Assert.That(squares / draws, Is.EqualTo(1).Within(0.02));
        Assert.That(float.IsFinite(Philox.Normal(uint.MaxValue, uint.MaxValue).First), Is.True);
    }

    [Test]
    public void Stream_IsTheBlocksOfItsNameInOrder()
    {
        var stream = new PhiloxStream(9, 1, 2, 3);
        PhiloxWords first = Philox.Block(9, 0, 1, 2, 3),
            second = Philox.Block(9, 1, 1, 2, 3);
        uint[] drawn = [.. Enumerable.Range(0, 8).Select(_ => stream.NextWord())];
        Assert.That(drawn, Is.EqualTo(new[] { first.X, first.Y, first.Z, first.W, second.X, second.Y, second.Z, second.W }));
    }
}
