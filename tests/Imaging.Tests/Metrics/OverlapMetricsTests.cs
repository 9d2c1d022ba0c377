using UnpairedSegEngine.Imaging.Metrics;

namespace UnpairedSegEngine.Imaging.Tests.Metrics;

public sealed class OverlapMetricsTests
{
    private static readonly Geometry Line = new(8, 1, 1, Affine.Diagonal(new(1, 1, 1), new(0, 0, 0)));

    [Test]
    public void HandCountedScores()
    {
        var metrics = OverlapMetrics.Between(Labels(0, 1, 1, 1, 2, 0, 0, 0), Labels(0, 1, 1, 0, 1, 2, 0, 0), classes: 4);
        Assert.That(metrics.Counts[1], Is.EqualTo(new OverlapCounts(2, 1, 1)));
        Assert.That(metrics.Counts[1].Dice, Is.EqualTo(4.0 / 6));
        Assert.That(metrics.Counts[1].Iou, Is.EqualTo(0.5));
        Assert.That(metrics.Counts[2].Dice, Is.Zero, "present in both, met nowhere");
        Assert.That(metrics.Counts[3].Dice, Is.Null, "absent in both");
        Assert.That(metrics.AbsentClasses, Is.EqualTo(1));
        Assert.That(metrics.MeanDice, Is.EqualTo(4.0 / 12).Within(1e-15));
    }

    [Test]
    public void AbsentInOneOnlyIsZero()
    {
        var none = Labels(0, 0, 0, 0, 0, 0, 0, 0);
        var some = Labels(0, 1, 0, 0, 0, 0, 0, 0);
        Assert.That(OverlapMetrics.Between(none, some, 2).Counts[1].Dice, Is.Zero);
        Assert.That(OverlapMetrics.Between(some, none, 2).Counts[1].Iou, Is.Zero);
        Assert.That(OverlapMetrics.Between(none, none, 2).MeanDice, Is.Null);
    }

    [Test]
    public void SlicesAddUpToTheVolume()
    {
        var (prediction, reference) = (Labels(0, 1, 1, 1, 2, 0, 2, 0), Labels(0, 1, 1, 0, 1, 2, 2, 0));
        var whole = OverlapMetrics.Between(prediction, reference, 3);
        var parts = new OverlapMetrics(3);
        parts.Add(prediction.Voxels.AsSpan(0, 3), reference.Voxels.AsSpan(0, 3));
        parts.Add(prediction.Voxels.AsSpan(3), reference.Voxels.AsSpan(3));
        Assert.That(parts.Counts, Is.EqualTo(whole.Counts));
    }

    [Test]
    public void ForeignReferenceLabelsAreLeftOut()
    {
        var metrics = OverlapMetrics.Between(Labels(1, 1, 0, 0, 0, 0, 0, 0), Labels(1, 5, 0, 0, 0, 0, 0, 0), 2);
        Assert.That(metrics.Counts[1], Is.EqualTo(new OverlapCounts(1, 0, 0)));
    }

    [Test]
    public void ForeignPredictionAndShapeAreRefused()
    {
        var labels = Labels(0, 0, 9, 0, 0, 0, 0, 0);
        Assert.That(
            () => OverlapMetrics.Between(labels, Labels(0, 0, 0, 0, 0, 0, 0, 0), 5),
            Throws.ArgumentException.With.Message.Contains("label 9")
        );
        var other = new Volume<byte>(new Geometry(4, 2, 1, Line.Affine));
        Assert.That(() => OverlapMetrics.Between(labels, other, 5), Throws.ArgumentException.With.Message.Contains("4x2x1"));
    }

    private static Volume<byte> Labels(params byte[] voxels) => new(Line, voxels);
}
