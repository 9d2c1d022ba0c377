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
    [TestCase("unpadded_percentile(0.5,99.5)")]
    public void TextForm_RoundTrips(string text) => Assert.That(IntensityNormalization.Parse(text).ToString(), Is.EqualTo(text));

    [Test]
    public void TextForm_AllowsSpacesAndExponents() =>
        Assert.That(
            IntensityNormalization.Parse(" window( -1e2, 2.5e+2 ) "),
            Is.EqualTo(IntensityNormalization.Window(-100, 250))
        );

    [TestCase("minmax")]
    [TestCase("window(1)")]
    [TestCase("window(5,5)")]
    [TestCase("window(1.2.3,4)")]
    [TestCase("percentile(60,40)")]
    [TestCase("percentile(-1,40)")]
    [TestCase("")]
    [TestCase("zscore()")]
    [TestCase("percentile(nan,40)")]
    [TestCase("window(0,1e999)")]
    [TestCase("window(0,1e-60)")]
    [TestCase("window(0,1")]
    [TestCase("percentile(0,5,99,5)")]
    [TestCase("z\nscore")]
    public void WrongText_IsRefused(string text) =>
        Assert.That(
            () => IntensityNormalization.Parse(text),
            Throws.ArgumentException.With.Message.Not.Empty.And.Message.Not.Contains("\n")
        );

    [Test]
    public void LongText_IsRefusedAtOnceAndQuotedInPart(
        [Values("no", "window(1,", "percentile(0.5,99.5)")] string start,
        [Values(" ", "(", "1,", "-")] string filling
    )
    {
        string text = start + string.Concat(Enumerable.Repeat(filling, 60_000));
        long began = System.Diagnostics.Stopwatch.GetTimestamp();
        Assert.That(() => IntensityNormalization.Parse(text), Throws.ArgumentException.With.Message.Length.LessThan(400));
        Assert.That(System.Diagnostics.Stopwatch.GetElapsedTime(began).TotalSeconds, Is.LessThan(1));
    }

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

    /// <summary>What the network sees of the other voxels does not depend on a hot one.</summary>
    [Test]
    public void HotVoxels_LeaveTheOthersAlone(
        [Values("percentile(0.5,99.5)", "unpadded_percentile(0.5,99.5)", "zscore", "body_zscore", "none")] string text,
        [Values(1e9f, -1e9f, 1e30f, float.MaxValue, float.MinValue)] float hot,
        [Values(1, 2, 16)] int count
    )
    {
        var random = new System.Random(3);
        float[] plain = [.. Enumerable.Range(0, 4096).Select(i => (i % 5 * 100f) + (float)(10 * random.NextDouble()))],
            spoilt = [.. plain];
        spoilt.AsSpan(100, count).Fill(hot);
        IntensityNormalization normalization = IntensityNormalization.Parse(text);
        normalization.Fit(plain).Apply(plain);
        normalization.Fit(spoilt, out IntensityFindings findings).Apply(spoilt);

        float spread = plain.Max() - plain.Min();
        for (int i = 0; i < plain.Length; i++)
        {
            if (i < 100 || i >= 100 + count)
                Assert.That(spoilt[i], Is.EqualTo(plain[i]).Within(0.02 * spread), $"voxel {i}");
        }

        Assert.That(spoilt.Max(), Is.LessThanOrEqualTo(plain.Max() + (0.02 * spread)));
        Assert.That(spoilt.Min(), Is.GreaterThanOrEqualTo(plain.Min() - (0.02 * spread)));
        Assert.That(
            findings,
            Is.EqualTo(text.Contains("percentile") ? IntensityFindings.None : IntensityFindings.OutliersClipped)
        );
    }

    [Test]
    public void ConstantVolume_BecomesZeroWhateverItsValue(
        [Values("zscore", "body_zscore", "percentile(0.5,99.5)", "unpadded_percentile(0.5,99.5)")] string text,
        [Values(0f, 7f, -3024f, 1e20f, 1e35f, float.MaxValue, float.MinValue, 1e-45f)] float value
    )
    {
        float[] voxels = [.. Enumerable.Repeat(value, 100)];
        IntensityNormalization.Parse(text).Fit(voxels, out IntensityFindings findings).Apply(voxels);
        Assert.That(voxels, Is.All.EqualTo(0f));
        Assert.That(findings, Is.EqualTo(IntensityFindings.Constant));
    }

    /// <summary>
    /// Zero mean and unit variance at every scale of float32, also where differences are small against the values.
    /// </summary>
    [Test]
    public void Standardization_HoldsAtEveryScale(
        [Values("zscore", "percentile(0.5,99.5)")] string text,
        [Values(1e-40f, 1e-30f, 1e-9f, 1f, 1e30f, 1e38f)] float scale,
        [Values(0f, 1f, 1000f)] float offset
    )
    {
        float[] voxels =
        [
            .. Enumerable.Range(0, 1000).Select(i => (float)(scale * (double)(offset + (i * 7 % 100 / 100f)) / 1001)),
        ];
        IntensityNormalization.Parse(text).Fit(voxels).Apply(voxels);
        Assert.That(voxels, Is.All.InRange(-2f, 2f));
        Assert.That(voxels.Average(v => (double)v), Is.EqualTo(0).Within(1e-4));
        Assert.That(voxels.Average(v => (double)v * v), Is.EqualTo(1).Within(1e-4));
    }

    [Test]
    public void Padding_IsLeftOutOfTheDefaultsStatistics(
        [Values(-3024f, -2000f, -32768f, -1500f)] float padding,
        [Values(0.006, 0.21, 0.6)] double share
    )
    {
        var random = new System.Random(3);
        float[] body =
        [
            .. Enumerable
                .Range(0, 5000)
                .Select(i => i % 3 == 0 ? -1000f + (float)(20 * random.NextDouble()) : (float)(300 * random.NextDouble())),
        ];
        float[] padded = [.. body, .. Enumerable.Repeat(padding, (int)(share / (1 - share) * body.Length) + 1)];
        IntensityMap expected = IntensityNormalization.Percentile(0.5, 99.5).Fit(body),
            map = IntensityNormalization.Default.Fit(padded, out IntensityFindings findings);
        Assert.That(map.Low, Is.EqualTo(expected.Low));
        Assert.That(map.High, Is.EqualTo(expected.High));
        Assert.That(map.Gain, Is.EqualTo(expected.Gain).Within(1e-12).Percent);
        Assert.That(map.Offset, Is.EqualTo(expected.Offset).Within(1e-9));
        Assert.That(findings, Is.EqualTo(IntensityFindings.PaddingLeftOut));
        Assert.That(map.Of(padding), Is.EqualTo(map.Of(expected.Low)));

        // The older form means what it always meant, and says so.
        Assert.That(IntensityNormalization.Percentile(0.5, 99.5).Fit(padded, out findings).Low, Is.EqualTo(padding));
        Assert.That(findings, Is.EqualTo(IntensityFindings.PaddingCounted));
    }

    [TestCase(-1024f, TestName = "Air is no padding")]
    [TestCase(0f, TestName = "The background of an MR is no padding")]
    public void Default_IsThePercentilesWithoutPadding(float background)
    {
        float[] voxels = [.. Enumerable.Repeat(background, 400), .. Enumerable.Range(0, 1000).Select(i => (i % 97) + 40f)];
        Assert.That(
            IntensityNormalization.Default.Fit(voxels, out IntensityFindings findings),
            Is.EqualTo(IntensityNormalization.Percentile(0.5, 99.5).Fit(voxels))
        );
        Assert.That(findings, Is.EqualTo(IntensityFindings.None));
    }

    private static IEnumerable<TestCaseData> FaintVolumes()
    {
        TestCaseData Case(string text, Func<int, float> value, string name) =>
            new TestCaseData(text, Enumerable.Range(0, 5000).Select(value).ToArray()).SetArgDisplayNames(name);
        yield return Case("percentile(0.5,99.5)", i => 100000 + (i % 10 / 10f), "differences of 1e-5");
        yield return Case("zscore", i => i % 200 == 0 ? i : 0, "99.5 % zeros");
        yield return Case("percentile(0.5,99.5)", i => i % 130 == 0 ? 1e9f : i % 100, "0.8 % hot voxels");
        yield return Case("window(-160,240)", i => i % 100 / 100f, "a CT that was scaled to 0..1 already");
        yield return Case("window(-160,240)", i => 1000 + (i % 100), "nothing in the window");
    }

    [TestCaseSource(nameof(FaintVolumes))]
    public void NearlyConstantVolume_IsReported(string text, float[] voxels)
    {
        IntensityNormalization.Parse(text).Fit(voxels, out IntensityFindings findings).Apply(voxels);
        Assert.That(findings, Is.EqualTo(IntensityFindings.NearlyConstant));
        Assert.That(voxels, Is.All.Matches<float>(float.IsFinite));
    }

    [Test]
    public void OrdinaryVolume_HasNoFindings(
        [Values("percentile(0.5,99.5)", "unpadded_percentile(0.5,99.5)", "zscore", "body_zscore", "none", "window(0,600)")]
            string text
    )
    {
        IntensityNormalization
            .Parse(text)
            .Fit(
                [.. Enumerable.Range(0, 5000).Select(i => (i * 31 % 500) + (i % 7 == 0 ? 0f : 100f))],
                out IntensityFindings findings
            );
        Assert.That(findings, Is.EqualTo(IntensityFindings.None));
    }
}
