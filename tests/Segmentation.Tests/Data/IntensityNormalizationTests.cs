using UnpairedSegEngine.Segmentation.Data;

namespace UnpairedSegEngine.Segmentation.Tests.Data;

[TestFixture]
public class IntensityNormalizationTests
{
    [TestCase("none")]
    [TestCase("zscore")]
    [TestCase("body_zscore")]
    [TestCase("window(-125,275,0,1)")]
    [TestCase("window(0,255,-1,1)")]
    [TestCase("percentile(0.5,99.5)")]
    public void TextForm_RoundTrips(string text) =>
        Assert.That(IntensityNormalization.Parse(text).ToString(), Is.EqualTo(text));

    [Test]
    public void TextForm_AllowsSpacesAndExponents() =>
        Assert.That(IntensityNormalization.Parse(" window( -1e2, 2.5e+2 ) "), Is.EqualTo(IntensityNormalization.Window(-100, 250)));

    [TestCase("minmax")]
    [TestCase("window(1)")]
    [TestCase("window(5,5)")]
    [TestCase("window(1.2.3,4)")]
    [TestCase("percentile(60,40)")]
    [TestCase("percentile(-1,40)")]
    [TestCase("")]
    public void WrongText_IsRefused(string text) =>
        Assert.That(() => IntensityNormalization.Parse(text), Throws.ArgumentException.With.Message.Not.Empty);

    [Test]
    public void Window_ClipsAndMapsItsEnds()
    {
        float[] voxels = [-1000, -125, 75, 275, 3000];
        IntensityNormalization.Window(-125, 275, -1, 1).Fit(voxels).Apply(voxels);
        Assert.That(voxels, Is.EqualTo(new[] { -1f, -1f, 0f, 1f, 1f }).Within(1e-6f));
    }

    [Test]
    public void ZScore_HasZeroMeanAndUnitDeviation()
    {
        float[] voxels = [.. Enumerable.Range(0, 1000).Select(i => (i * 7 % 100) + 300f)];
        IntensityNormalization.ZScore.Fit(voxels).Apply(voxels);
        Assert.That(voxels.Average(), Is.EqualTo(0).Within(1e-4));
        Assert.That(voxels.Average(v => v * v), Is.EqualTo(1).Within(1e-4));
    }

    [Test]
    public void BodyZScore_TakesItsStatisticsAboveTheMean()
    {
        // Air at 0, a body of 90 and 110: mean 100, deviation 10.
        float[] voxels = [.. Enumerable.Repeat(0f, 50), .. Enumerable.Repeat(90f, 20), .. Enumerable.Repeat(110f, 20)];
        IntensityNormalization.BodyZScore.Fit(voxels).Apply(voxels);
        Assert.That(voxels[^1], Is.EqualTo(1).Within(1e-5));
        Assert.That(voxels[50], Is.EqualTo(-1).Within(1e-5));
        Assert.That(voxels[0], Is.EqualTo(-10).Within(1e-4));
    }

    [Test]
    public void Percentile_ClipsOutliers()
    {
        float[] voxels = [.. Enumerable.Range(0, 1001).Select(i => (float)i)];
        voxels[1000] = 1500;
        IntensityMap map = IntensityNormalization.Percentile(1, 90).Fit(voxels);
        Assert.That(map.Low, Is.EqualTo(10).Within(0.05));
        Assert.That(map.High, Is.EqualTo(900).Within(0.05));
        map.Apply(voxels);
        Assert.That(voxels.Average(), Is.EqualTo(0).Within(1e-4));
        Assert.That(voxels[1000], Is.EqualTo(voxels[950]));
    }

    [Test]
    public void ConstantVolume_BecomesZero([Values("zscore", "body_zscore", "percentile(0.5,99.5)")] string text)
    {
        float[] voxels = [.. Enumerable.Repeat(7f, 100)];
        IntensityNormalization.Parse(text).Fit(voxels).Apply(voxels);
        Assert.That(voxels.All(float.IsFinite), Is.True);
    }
}
