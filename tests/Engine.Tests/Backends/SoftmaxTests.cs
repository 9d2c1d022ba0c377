using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class SoftmaxTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    [Test]
    public void OverTheLastAxis([Values(1, 2, 5, 17, 130)] int classes, [Values(1, 80, 1e4)] double scale) =>
        Check(33, classes, 1, scale);

    [Test]
    public void OverAnyAxis([Values(1, 3)] int outer, [Values(1, 4, 33)] int classes, [Values(2, 16, 37)] int inner) =>
        Check(outer, classes, inner, 3);

    /// <summary>The logarithm of what underflows is still a number.</summary>
    [Test]
    public void LogarithmOfSmallProbabilities([Values(1, 3)] int inner)
    {
        double[] logits = [.. Enumerable.Repeat(0.0, inner), .. Enumerable.Repeat(-2e4, inner)];
        Tensor x = Of(new Shape(2, inner), logits),
            y = Output(x.Shape);
        Backend.LogSoftmax(x, 1, 2, inner, y);
        Assert.That(Read(y), Is.EqualTo(logits).Within(2e-7));
    }

    private void Check(int outer, int classes, int inner, double scale)
    {
        Tensor x = Normal(new Shape(outer, classes, inner), deviation: scale),
            y = Output(x.Shape),
            logarithm = Output(x.Shape);
        Backend.Softmax(x, outer, classes, inner, y);
        Backend.LogSoftmax(x, outer, classes, inner, logarithm);
        double[] values = Read(x),
            expected = new double[values.Length],
            expectedLogarithm = new double[values.Length];
        for (int i = 0; i < outer * inner; i++)
        {
            int[] places = [.. Enumerable.Range(0, classes).Select(c => (((i / inner * classes) + c) * inner) + (i % inner))];
            double[] row = [.. places.Select(place => values[place])],
                probabilities = Reference.Softmax(row);
            double logSum = row.Max() + Math.Log(row.Sum(v => Math.Exp(v - row.Max())));
            for (int c = 0; c < classes; c++)
                (expected[places[c]], expectedLogarithm[places[c]]) = (probabilities[c], row[c] - logSum);
        }

        AssertClose(y, expected, what: "softmax");
        AssertClose(logarithm, expectedLogarithm, what: "its logarithm", magnitude: 1);
    }
}
