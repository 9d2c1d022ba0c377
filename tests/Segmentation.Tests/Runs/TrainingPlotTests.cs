using SkiaSharp;
using UnpairedSegEngine.Runs;

namespace UnpairedSegEngine.Segmentation.Tests.Runs;

public sealed class TrainingPlotTests
{
    private readonly TemporaryFolder folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => folder.Dispose();

    [Test]
    public void CurvesAreDrawn()
    {
        int empty = ColouredPixels("empty.png", []);
        int loss = ColouredPixels(
            "loss.png",
            [.. Enumerable.Range(1, 200).Select(step => Record(step, ("loss/total", 2.0 / step), ("loss/kd", 0.1)))]
        );
        int both = ColouredPixels(
            "both.png",
            [
                .. Enumerable
                    .Range(1, 200)
                    .Select(step => Record(step, ("loss/total", 2.0 / step), ("loss/kd", 0.1), ("learning_rate", 9))),
                .. new[] { 50, 100, 150, 200 }.Select(step =>
                    Record(step, ("dice/CT/liver", step / 250.0), ("dice/MR/liver", double.NaN))
                ),
            ]
        );
        Assert.Multiple(() =>
        {
            Assert.That(empty, Is.Zero);
            Assert.That(loss, Is.GreaterThan(1000));
            Assert.That(both, Is.GreaterThan(loss + 200));
        });
    }

    private static MetricRecord Record(long step, params (string Name, double Value)[] values) =>
        new(step, DateTimeOffset.UnixEpoch, [.. values.Select(value => KeyValuePair.Create(value.Name, value.Value))]);

    private int ColouredPixels(string name, IReadOnlyList<MetricRecord> records)
    {
        string path = folder.File(name);
        TrainingPlot.Write(path, records);
        using SKBitmap picture = SKBitmap.Decode(path);
        Assert.That((picture.Width, picture.Height), Is.EqualTo((1000, 800)));
        return picture.Pixels.Count(pixel =>
            Math.Max(pixel.Red, Math.Max(pixel.Green, pixel.Blue)) - Math.Min(pixel.Red, Math.Min(pixel.Green, pixel.Blue)) > 80
        );
    }
}
