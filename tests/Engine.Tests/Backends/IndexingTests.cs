using UnpairedSegEngine.Tensors;

namespace UnpairedSegEngine.Engine.Tests.Backends;

public sealed class IndexingTests(BackendUnderTest underTest) : BackendTests(underTest)
{
    [TestCase(1, 1, 1)]
    [TestCase(3, 5, 7)]
    [TestCase(2, 33, 17)]
    [TestCase(1, 40_003, 1)]
    [TestCase(2000, 3, 1)]
    public void MaximumAndItsPlace(int outer, int reduced, int inner)
    {
        // Few different values: most maxima are there several times.
        Tensor x = Of(
            new Shape(outer, reduced, inner),
            [.. Read(Normal(new Shape(outer, reduced, inner))).Select(v => Math.Round(2 * v))]
        );
        (Tensor y, Tensor index) = MaxOf(x, outer, reduced, inner);
        double[] values = Read(x),
            greatest = Read(y);
        int[] places = index.ToArray<int>();
        for (int i = 0; i < greatest.Length; i++)
        {
            double[] column = Column(values, i, reduced, inner);
            Assert.That(
                (greatest[i], places[i]),
                Is.EqualTo((column.Max(), Array.IndexOf(column, column.Max()))),
                $"element {i}"
            );
        }
    }

    [TestCase(0)]
    [TestCase(4)]
    [TestCase(69)]
    public void NaNIsTheMaximum(int place)
    {
        var values = new double[70];
        values[place] = double.NaN;
        values[69] = place == 69 ? double.NaN : double.PositiveInfinity;
        (Tensor y, Tensor index) = MaxOf(Of(new Shape(70), values), 1, 70, 1);
        Assert.That(Read(y)[0], Is.NaN);
        Assert.That(index.ToArray<int>()[0], Is.EqualTo(place));
    }

    [Test]
    public void InfinitiesHaveAMaximum()
    {
        double[] values = [.. Enumerable.Repeat(double.NegativeInfinity, 40)];
        (Tensor y, Tensor index) = MaxOf(Of(new Shape(40), values), 1, 40, 1);
        Assert.That((Read(y)[0], index.ToArray<int>()[0]), Is.EqualTo((double.NegativeInfinity, 0)));
    }

    [TestCase(1, 1, 1)]
    [TestCase(3, 5, 7)]
    [TestCase(2000, 3, 1)]
    [TestCase(2, 4, 300)]
    public void GatherAndScatter(int outer, int extent, int inner)
    {
        int count = outer * inner;
        byte[] labels = [.. Enumerable.Range(0, count).Select(i => (byte)(i % 7 == 6 ? 255 : i * 5 % (extent + 1)))];
        int[] integers = [.. labels.Select(label => label == 255 ? -1 : (int)label)];
        var shape = new Shape(outer, inner);
        Tensor x = Normal(new Shape(outer, extent, inner)),
            y = Normal(shape);
        foreach (Tensor index in new[] { Bytes(shape, labels), Tensor.From<int>(Backend.Device, shape, integers) })
        {
            Tensor gathered = Output(shape),
                scattered = Output(x.Shape);
            Backend.Gather(x, index, outer, extent, inner, gathered);
            Backend.Scatter(y, index, outer, extent, inner, scattered);
            double[] from = Read(x),
                given = Read(y),
                expected = new double[from.Length];
            double[] Picked(int i) => Column(from, i, extent, inner);
            Assert.That(
                Read(gathered),
                Is.EqualTo(Enumerable.Range(0, count).Select(i => labels[i] < extent ? Picked(i)[labels[i]] : 0)),
                $"gather by {index.DType}"
            );
            for (int i = 0; i < count; i++)
            {
                if (labels[i] < extent)
                    expected[(((i / inner * extent) + labels[i]) * inner) + (i % inner)] = given[i];
            }

            Assert.That(Read(scattered), Is.EqualTo(expected), $"scatter by {index.DType}");
            AssertIntactGuard(gathered);
            AssertIntactGuard(scattered);
        }
    }

    [Test]
    public void AnIndexOfAnotherTypeIsRefused() =>
        Assert.That(
            () => Backend.Gather(Normal(new Shape(4)), Normal(new Shape(1)), 1, 4, 1, Output(new Shape(1))),
            Throws.ArgumentException.With.Message.EqualTo($"index must be Int32 or UInt8, but is {Type}")
        );

    private (Tensor Y, Tensor Index) MaxOf(Tensor x, int outer, int reduced, int inner)
    {
        Tensor y = Output(new Shape(outer, inner)),
            index = Output(new Shape(outer, inner), DType.Int32);
        Backend.Max(x, outer, reduced, inner, y, index);
        AssertIntactGuard(y);
        AssertIntactGuard(index);
        return (y, index);
    }

    private static double[] Column(double[] values, int i, int extent, int inner) =>
        [.. Enumerable.Range(0, extent).Select(e => values[(((i / inner * extent) + e) * inner) + (i % inner)])];
}
